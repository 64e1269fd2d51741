"""Which agency a cell means: by its code, its name or another name, its initials, or nearly its name. Names and other names are reference data
(`ref.agency`); how alike is alike enough stands here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from rapidfuzz import fuzz

from assets.submissions.normalise import Read, cleaned, guessed

ITSELF = "-"
ALIKE, APART = 88.0, 5.0  # of 100; the next may come no nearer than 5: of Kalimantan Selatan's 41 agencies, no two names are more than 83 alike
WORTH_NAMING, MOST_NAMED = 60.0, 3
SHORTEST_INITIALS = 3

WRITTEN_OUT = {"prov": "provinsi", "kab": "kabupaten", "&": "dan"}
KINDS = ("provinsi", "kabupaten", "kota")
GOVERNMENT_WORDS = {"", "pemerintah", "pemerintah daerah", "pemda", "pemprov", "pemkab", "pemkot"}
NUMBER = re.compile(r"[0-9]+|[ivx]+|\w")  # what tells SMP 1 from SMP 2
NUMERIC_CODE = re.compile(r"0*([1-9][0-9]*)(?:[.,]0+)?")


def _words(text: str) -> tuple[str, ...]:
    """Small letters, abbreviations written out, without signs and 'dan'."""
    found = (WRITTEN_OUT.get(word, word) for word in re.findall(r"\w+|&", cleaned(text).casefold()))
    return tuple(word for word in found if word != "dan")


def _numbers(name: str) -> list[str]:
    return sorted(word for word in name.split() if NUMBER.fullmatch(word))


@dataclass(frozen=True)
class Agency:
    """A row of `ref.agency`."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Agencies:
    """The agencies of one government; `government` is its name, which may stand behind an agency's ('Dinas Kesehatan Provinsi Kalimantan Selatan')."""

    def __init__(self, government: str, known: Iterable[Agency]) -> None:
        self.government = government
        self.by_code = {agency.code: agency for agency in known}

    @cached_property
    def _name(self) -> dict[Agency, str]:
        return {agency: self._folded(agency.name) for agency in self.by_code.values()}

    @cached_property
    def _named(self) -> dict[str, set[Agency]]:
        named: dict[str, set[Agency]] = {}
        for agency, name in self._name.items():
            for each in (name, *map(self._folded, agency.aliases)):
                named.setdefault(each, set()).add(agency)
        return named

    @cached_property
    def _initials(self) -> dict[str, set[Agency]]:
        initials: dict[str, set[Agency]] = {}
        for agency, name in self._name.items():
            initials.setdefault("".join(word[0] for word in name.split()), set()).add(agency)
        return initials

    def read(self, text: str | None) -> Read[str]:
        """The agency's code, '-' for the government itself. Nothing where the text means several agencies, or none of this government's."""
        said = cleaned(text) or ITSELF
        if said == ITSELF or said in self.by_code:
            return Read(said)
        if self._folded(said) in GOVERNMENT_WORDS:
            return guessed("SKPD", said, ITSELF, f" ({self.government})")
        meant = self._meant(said)
        return guessed("SKPD", said, meant[0].code, f" ({meant[0].name})") if len(meant) == 1 else Read(None)

    def candidates(self, text: str) -> str:
        """Of a text that is not read: what it may have meant, for the sender to choose from."""
        if not self.by_code:
            return f"belum ada SKPD terdaftar untuk {self.government}"
        near = self._meant(cleaned(text)) or self._near(self._folded(text))
        return "; ".join(map(str, near[:MOST_NAMED])) or "tidak ada yang mirip"

    def _meant(self, said: str) -> list[Agency]:
        """By the first way of naming an agency that gives any: the number of its code, a name, initials, likeness to a name."""
        folded = self._folded(said)
        number = NUMERIC_CODE.fullmatch(said)
        by_number = {agency for code, agency in self.by_code.items() if number and code.lstrip("0") == number[1]}
        by_initials = self._initials.get(folded, set()) if len(folded) >= SHORTEST_INITIALS else set()
        return sorted(by_number or self._named.get(folded) or by_initials or self._alike(folded), key=str)

    def _alike(self, folded: str) -> set[Agency]:
        """The agency whose name is all but this one, and those that come close to it. The order of words does not matter, numbers do."""
        alike = {agency: fuzz.token_sort_ratio(folded, name) for agency, name in self._name.items() if _numbers(name) == _numbers(folded)}
        best = max(alike.values(), default=0.0)
        return {agency for agency, likeness in alike.items() if best >= ALIKE and likeness > best - APART}

    def _near(self, folded: str) -> list[Agency]:
        """Agencies with a name, or another name, somewhat like this one; the nearest first."""
        near = {
            agency: max(fuzz.token_sort_ratio(folded, named) for named in (name, *map(self._folded, agency.aliases))) for agency, name in self._name.items()
        }
        return sorted((agency for agency, likeness in near.items() if likeness >= WORTH_NAMING), key=lambda agency: (-near[agency], agency.code))

    def _folded(self, name: str) -> str:
        """Its words, without the government's own name behind them."""
        words, place = _words(name), _words(self.government)
        for tail in (place, place[1:] if place and place[0] in KINDS else ()):
            if tail and words[-len(tail) :] == tail:
                return " ".join(words[: -len(tail)])
        return " ".join(words)
