"""Rules for what datasets offer: rows of `open_data.distribution`, judged as promoted, per feed. What is found here is the publisher's to mend: it
warns, and sets nothing aside."""

from expectations.rules import Holds, Rule, Suite, Unique

_WEB_ADDRESS = r"'https?://[^\s/]+\S*', 'i'"
_MEDIA_TYPE = (  # RFC 6838, or the same as an address of IANA, as DCAT-AP writes it; parameters may follow
    r"'(https?://www\.iana\.org/assignments/media-types/)?"
    r"(application|audio|font|haptics|image|message|model|multipart|text|video)/[a-z0-9][a-z0-9!#$&^_.+-]*(\s*;.*)?', 'i'"
)
_STATED_FORMAT = "regexp_replace(lower(format), '[^a-z0-9]', '', 'g')"
_DATA_FORMATS = "'csv', 'tsv', 'xls', 'xlsx', 'ods', 'json', 'geojson', 'xml', 'rdf', 'ttl', 'kml', 'shp', 'parquet'"
_NO_DATA = r"regexp_full_match(media_type, '(image/(png|jpe?g|gif|webp|bmp)|application/pdf|text/html|audio/.*|video/.*)(\s*;.*)?', 'i')"

SUITE = Suite(
    name="distribution",
    table_name="open_data.distribution",
    key=("dataset_id", "position"),
    columns={
        "source_row": "BIGINT",
        "row_key": "VARCHAR",
        "dataset_id": "VARCHAR",
        "position": "INTEGER",
        "title": "VARCHAR",
        "access_url": "VARCHAR",
        "download_url": "VARCHAR",
        "address": "VARCHAR",
        "format": "VARCHAR",
        "media_type": "VARCHAR",
        "license": "VARCHAR",
        "dataset_license": "VARCHAR",
    },
    rules=(
        Rule(
            "distribution.addressed",
            Holds("address is not null", column="address"),
            "completeness",
            "warning",
            "row",
            "Distribusi harus mempunyai alamat akses atau alamat unduhan.",
            "A distribution must have an address: of access or of download.",
            shows=("dataset_id", "title"),
        ),
        Rule(
            "distribution.address_is_web",
            Holds(
                f"coalesce(regexp_full_match(access_url, {_WEB_ADDRESS}), true) and coalesce(regexp_full_match(download_url, {_WEB_ADDRESS}), true)",
                when="address is not null",
                column="address",
            ),
            "conformity",
            "warning",
            "row",
            "Alamat distribusi harus berupa alamat web yang utuh (http atau https, tanpa spasi).",
            "An address must be a whole web address (http or https, no spaces).",
            shows=("access_url", "download_url"),
        ),
        Rule(
            "distribution.address_unique",
            Unique(("dataset_id", "address")),
            "uniqueness",
            "warning",
            "row",
            "Satu dataset tidak boleh menawarkan alamat yang sama dua kali.",
            "A dataset must not offer the same address twice.",
            shows=("dataset_id", "address"),
        ),
        Rule(
            "distribution.format_named",
            Holds("format is not null or media_type is not null", column="format"),
            "completeness",
            "warning",
            "row",
            "Format atau jenis media distribusi harus disebut.",
            "The format or the media type must be named.",
            shows=("dataset_id", "address"),
        ),
        Rule(
            "distribution.media_type_formed",
            Holds(f"regexp_full_match(media_type, {_MEDIA_TYPE})", when="media_type is not null", column="media_type"),
            "conformity",
            "warning",
            "row",
            "Jenis media harus ditulis seperti terdaftar di IANA, misalnya text/csv.",
            "A media type must be written as registered with IANA, such as text/csv.",
            shows=("media_type",),
        ),
        Rule(
            "distribution.format_fits_media_type",
            Holds(f"not ({_STATED_FORMAT} in ({_DATA_FORMATS}) and {_NO_DATA})", when="format is not null and media_type is not null", column="format"),
            "consistency",
            "warning",
            "row",
            "Yang disebut data (CSV, XLSX, JSON, ...) tidak boleh berupa gambar, PDF, halaman web, suara atau video menurut jenis medianya.",
            "What is called data (CSV, XLSX, JSON, ...) must not be an image, a PDF, a web page, sound or video by its media type.",
            shows=("format", "media_type", "address"),
        ),
        Rule(
            "distribution.licensed",
            Holds("license is not null or dataset_license is not null", column="license"),
            "completeness",
            "warning",
            "row",
            "Lisensi distribusi harus disebut, padanya atau pada datasetnya.",
            "The licence must be stated, on the distribution or on its dataset.",
            shows=("dataset_id", "title"),
        ),
    ),
)
