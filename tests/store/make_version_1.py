"""Made version-1.db, with the store as it was at schema 1: a file that the migrations must always be able to open."""

import sys
from datetime import UTC, datetime

from edgefashion.runtime.prediction import Attribute, Prediction
from edgefashion.store.store import Store


def main(path: str) -> None:
    with Store.open(path) as store:
        for day, (first, second) in enumerate([("shirt", "dress"), ("pants", "skirt"), ("hat", "shoes")], start=1):
            prediction = Prediction(((first, 0.75), (second, 0.25)), "tops", True, {"colour": Attribute("red", 0.5)})
            moment = datetime(2026, 1, day, tzinfo=UTC)
            store.add(prediction, b"\xff\xd8\xffdrawn", "garment-base 1.0.0", f"40063813339{day:02}", moment)
        store.correct(2, type="dress", pattern="dotted")
        store.count("dress", "red", 3)
        store.set_target("dress", "red", 5)
        store.set_setting("language", "de")


if __name__ == "__main__":
    main(sys.argv[1])
