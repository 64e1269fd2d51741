-- What submissions name as evidence becomes `core.evidence_claim`; `core.evidence` becomes the register over it.
alter table core.evidence rename to evidence_claim;
alter table core.evidence_claim drop column sha256;
alter table core.evidence_claim drop column status;
