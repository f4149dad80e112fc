"""What the app does, without a window: live answers, freezing, saving, correcting, counting. One thread may call it."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from time import monotonic

from PIL import Image

from edgefashion.camera.codes import Code, CodeWatch, has_codes, read_codes
from edgefashion.camera.frame import LONGEST_SIDE, Frame
from edgefashion.camera.orientation import Orientation
from edgefashion.camera.source import FrameSource
from edgefashion.camera.worker import Worker
from edgefashion.errors import EdgeFashionError
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.image import upright
from edgefashion.runtime.prediction import Prediction
from edgefashion.runtime.stream import Stabiliser, StreamState
from edgefashion.store.scan import Scan, Undone
from edgefashion.store.store import Store

THUMBNAIL_SIDE = 192
THUMBNAIL_QUALITY = 82
NOTHING_SEEN = StreamState("looking", None, False, 0.0)
NO_CAMERA = "No camera is chosen. Open a picture, or choose a camera in the settings."
STORE_BYTES = 500 * 2**20
"""What stored scans may take of the disk, unless the setting "store_bytes" says otherwise; the oldest go first."""


@dataclass(frozen=True)
class Frozen:
    """A picture that is kept on the screen: a frozen frame, or an imported picture.

    Attributes:
        frame: The picture.
        prediction: What the model says about it.
        sure: Whether that is to be trusted.
        code: The barcode that was in view; "" for none.
    """

    frame: Frame
    prediction: Prediction
    sure: bool
    code: str = ""


class Session:
    """The app's state. Every method is called in one thread, the one that draws.

    Attributes:
        store: Scans, counts and settings.
        classifier: The model in use; None until it is open.
        state: The answer to the live picture.
        frozen: The picture that is kept; None while the camera runs.
        scan: The stored scan of the frozen picture; None until something is done with it.
        problem: Why there is no picture, or no model; "" if all is well.
    """

    def __init__(self, store: Store, post: Callable[[Callable[[], None]], None]) -> None:
        """Args: store, kept open by the caller; post, runs a function soon in the thread that draws."""
        self.store = store
        self.classifier: Classifier | None = None
        self.state = NOTHING_SEEN
        self.frozen: Frozen | None = None
        self.scan: Scan | None = None
        self.on_answer: Callable[[], None] = lambda: None
        self._post = post
        self._source: FrameSource | None = None
        self._source_problem = NO_CAMERA
        self._model_problem = ""
        self._worker: Worker[Prediction] | None = None
        self._stabiliser: Stabiliser | None = None
        self._sequence = 0
        self._answered: tuple[Frame, Prediction] | None = None
        self._code_worker: Worker[tuple[Code, ...]] | None = None
        self._codes = CodeWatch()
        self._began = monotonic()
        self.frames_seen = 0

    # --- what it looks through ---------------------------------------------------------------------------------------

    def use_source(self, source: FrameSource | None, problem: str = NO_CAMERA) -> None:
        """Look through another source from now on; None and a reason for none."""
        if self._source is not None:
            self._source.close()
        self._source, self._source_problem = source, problem
        self._sequence = 0
        self._look_anew()
        if source is not None:
            source.start()

    def use_classifier(self, classifier: Classifier | None, problem: str = "") -> None:
        """Ask another model from now on; None and a reason for none."""
        if self._worker is not None:
            self._worker.close()
        self.classifier, self._model_problem, self._worker = classifier, problem, None
        self.state, self._answered = NOTHING_SEEN, None
        if classifier is not None:
            self._restart_stabiliser(classifier)
            self._worker = Worker(
                lambda frame: classifier.classify(frame.rgb(), once=True),
                lambda frame, prediction: self._post(lambda: self._take(classifier, frame, prediction)),
            )

    def use_codes(self, wanted: bool) -> None:
        """Read barcodes from now on, in a thread of its own, or don't; without zxing-cpp none are read."""
        if self._code_worker is not None:
            self._code_worker.close()
        self._codes, self._code_worker = CodeWatch(), None
        if wanted and has_codes():
            self._code_worker = Worker(
                lambda frame: read_codes(frame.pixels),
                lambda frame, codes: self._post(lambda: self._take_codes(frame, codes)),
            )

    @property
    def code(self) -> str:
        """The barcode of the present picture, or the one that is in view; "" for none."""
        if self.scan is not None:
            return self.scan.code
        return self.frozen.code if self.frozen is not None else self._codes.code(monotonic())

    @property
    def problem(self) -> str:
        """Why there is no live answer, in one line; "" if all is well."""
        if self._model_problem:
            return self._model_problem
        return self._source.problem if self._source is not None else self._source_problem

    @property
    def source_name(self) -> str:
        """What it looks through; "" without a source."""
        return self._source.name if self._source is not None else ""

    @property
    def worker(self) -> "Worker[Prediction] | None":
        """The thread that runs the model; None without a model."""
        return self._worker

    @property
    def model_name(self) -> str:
        """The model's name and version; "" without a model."""
        return f"{self.classifier.card.name} {self.classifier.card.version}" if self.classifier else ""

    def tick(self) -> Frame | None:
        """Take the newest frame, if there is one, and hand it to the model; None while frozen. Never waits."""
        if self._source is None or self.frozen is not None:
            return None
        frame = self._source.latest(self._sequence)
        if frame is None:
            if self._source.problem:
                self._lose_sight()
            return None
        self._sequence = frame.sequence
        self.frames_seen += 1
        if self._worker is not None:
            self._worker.submit(frame)
        if self._code_worker is not None and self._codes.due(frame.at):
            self._code_worker.submit(frame)
        return frame

    def close(self) -> None:
        """End the threads; the store stays open."""
        self.use_source(None)
        self.use_classifier(None)
        self.use_codes(False)

    def _take(self, classifier: Classifier, frame: Frame, prediction: Prediction) -> None:
        """Take an answer of the model into account, unless it comes too late."""
        late = frame.at < self._began
        if late or classifier is not self.classifier or self.frozen is not None or self._stabiliser is None:
            return
        self.state = self._stabiliser.update(prediction, frame.at)
        steady = self.state.prediction
        if self._answered is None or steady is None or steady.type == prediction.type:
            self._answered = frame, prediction
        self.on_answer()

    def _take_codes(self, frame: Frame, codes: tuple[Code, ...]) -> None:
        if frame.at >= self._began:
            self._codes.update(codes, frame.at)

    def _look_anew(self) -> None:
        """Forget what was seen; what is still found in a frame from before is of another garment."""
        self.state, self._answered, self._codes, self._began = NOTHING_SEEN, None, CodeWatch(), monotonic()

    def _lose_sight(self) -> None:
        """The camera has gone: what it saw last is no answer to what is in front of it now."""
        if self._answered is None and self.state is NOTHING_SEEN:
            return
        self.state, self._answered = NOTHING_SEEN, None
        if self.classifier is not None:
            self._restart_stabiliser(self.classifier)
        self.on_answer()

    def _restart_stabiliser(self, classifier: Classifier) -> None:
        card = classifier.card
        threshold = self.store.setting("threshold", 0.0) or card.threshold
        self._stabiliser = Stabiliser(threshold, card.taxonomy.category_of)

    @property
    def can_freeze(self) -> bool:
        """Whether there is a picture with an answer."""
        return self.frozen is not None or self._answered is not None

    # --- one picture -------------------------------------------------------------------------------------------------

    def freeze(self) -> bool:
        """Keep the present answer and the picture that it is about; False if there is none yet."""
        if self.frozen is None and self._answered is not None:
            frame, newest = self._answered
            self.frozen = Frozen(frame, self.state.prediction or newest, self.state.state == "sure", self.code)
        return self.frozen is not None

    def look_at(self, frame: Frame) -> Frozen:
        """Return a picture that comes from elsewhere with its answer; changes nothing, so any thread may call it.

        Raises:
            EdgeFashionError: There is no model yet, or it fails.
        """
        classifier = self.classifier
        if classifier is None:
            raise EdgeFashionError(self._model_problem or "The model is not open yet; try again in a moment.")
        prediction = classifier.classify(frame.rgb())
        codes = read_codes(frame.pixels) if self._code_worker is not None else ()
        return Frozen(frame, prediction, prediction.sure, codes[0].text if codes else "")

    def keep(self, frozen: Frozen) -> None:
        """Show a picture in place of the live one, as if it had been frozen."""
        self.resume()
        self.frozen = frozen

    def resume(self) -> None:
        """Go back to the live picture."""
        self.frozen, self.scan = None, None
        self._look_anew()
        if self.classifier is not None:
            self._restart_stabiliser(self.classifier)

    def save(self) -> Scan | None:
        """Store the present picture, once; None if there is nothing to store yet. Beyond the limit the oldest scans go.

        Raises:
            StoreError: The store can't be written.
        """
        if self.scan is None and self.freeze() and self.frozen is not None:
            frozen = self.frozen
            self.scan = self.store.add(frozen.prediction, thumbnail(frozen.frame), self.model_name, frozen.code)
            self.store.clean(max_bytes=self.store.setting("store_bytes", STORE_BYTES))
        return self.scan

    def correct(self, scan: Scan, field: str, value: str) -> Scan:
        """Say what a scan really shows; a corrected type brings its category with it.

        Raises:
            StoreError: The scan is gone, or the store can't be written.
        """
        changes = {field: value}
        if field == "type" and self.classifier is not None:
            changes["category"] = self.classifier.card.taxonomy.category_of(value)
        corrected = self.store.correct(scan.id, **changes)
        if self.scan is not None and self.scan.id == corrected.id:
            self.scan = corrected
        return corrected

    def count(self, scan: Scan, change: int = 1) -> int:
        """Count a scan's garment into the stock; returns the new number of its type and colour.

        Raises:
            StoreError: The store can't be written.
        """
        return self.store.count(scan.final["type"], scan.colour, change)

    def undo(self) -> Undone | None:
        """Take back what was done last; None if there is nothing."""
        undone = self.store.undo()
        if undone is not None and undone.scan is not None and self.scan is not None and undone.scan.id == self.scan.id:
            self.scan = None if undone.action == "add" else undone.scan
        return undone


def thumbnail(frame: Frame) -> bytes:
    """Return a frame as a small JPEG, its longer side `THUMBNAIL_SIDE` pixels."""
    picture = Image.fromarray(frame.rgb())
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    file = BytesIO()
    picture.save(file, "JPEG", quality=THUMBNAIL_QUALITY)
    return file.getvalue()


def frame_from_picture(source: object, longest: int = LONGEST_SIDE) -> Frame:
    """Return a picture file, or its bytes, as a frame; large ones are made smaller.

    Raises:
        ImageError: It can't be read.
    """
    return Frame(Orientation().apply(upright(source, longest)), 1, monotonic())
