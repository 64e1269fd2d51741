"""Which reader a feed has, by its kind."""

from assets.open_data import ckan, data_json
from assets.submissions import published_index, submission
from assets.uptime import check_log, prometheus, uptime_kuma
from expectations.intake import Reader
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind

UPTIME = {FeedKind.CHECK_LOG: check_log.reader, FeedKind.PROMETHEUS: prometheus.reader, FeedKind.UPTIME_KUMA: uptime_kuma.reader}


def reader_of(feed: Feed, lake: Lake) -> Reader:
    match feed.kind:
        case FeedKind.SUBMISSION:
            return submission.reader(feed)
        case FeedKind.PUBLISHED_INDEX:
            return published_index.READER
        case FeedKind.CHECK_LOG | FeedKind.PROMETHEUS | FeedKind.UPTIME_KUMA:
            return UPTIME[feed.kind](feed, lake)
        case FeedKind.CKAN:
            return ckan.READER
        case FeedKind.DATA_JSON:
            return data_json.READER
