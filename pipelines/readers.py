"""Which reader a feed has, by its kind."""

from assets.open_data import ckan, data_json
from assets.submissions import published_index, submission
from assets.uptime import check_log, prometheus
from expectations.intake import Reader
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind


def reader_of(feed: Feed, lake: Lake) -> Reader:
    match feed.kind:
        case FeedKind.SUBMISSION:
            return submission.reader(feed)
        case FeedKind.PUBLISHED_INDEX:
            return published_index.READER
        case FeedKind.CHECK_LOG:
            return check_log.reader(feed, lake)
        case FeedKind.PROMETHEUS:
            return prometheus.reader(feed, lake)
        case FeedKind.CKAN:
            return ckan.READER
        case FeedKind.DATA_JSON:
            return data_json.READER
