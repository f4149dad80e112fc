"""The boards that `make test-pi` emulates, and what Linux says there about their processors."""

from dataclasses import dataclass

CORES = 4


@dataclass(frozen=True)
class Board:
    """One Raspberry Pi with one release of its system.

    Attributes:
        name: Its folder in `.pi/`.
        model: As the board calls itself in /proc/cpuinfo.
        release: Debian's name of the release that Raspberry Pi OS (64 bit) is made of.
        python: The version of that release's python3.
        qemu_cpu: QEMU's name of the processor. With `features` that it doesn't have, a program ends in an illegal
            instruction.
        part, variant, revision: The processor's numbers in /proc/cpuinfo.
        features: Its instruction sets, as Linux names them.
        hertz: Highest clock.
        instead: The file in requirements/ with what deploy/install-kiosk.sh installs there in place of the newest.
        app: Whether the app's window is tried too: it takes half a minute, and once is enough.
    """

    name: str
    model: str
    release: str
    python: str
    qemu_cpu: str
    part: str
    variant: str
    revision: int
    features: str
    hertz: int
    instead: str = ""
    app: bool = False

    @property
    def title(self) -> str:
        return f"{self.model.partition(' Model')[0]}, {self.release}, Python {self.python}"


BOARDS = {
    board.name: board
    for board in (
        Board(
            name="pi4-bookworm", model="Raspberry Pi 4 Model B Rev 1.1", release="bookworm", python="3.11",
            qemu_cpu="cortex-a72", part="0xd08", variant="0x0", revision=3,
            features="fp asimd evtstrm crc32 cpuid", hertz=1_500_000_000, instead="bookworm.txt", app=True,
        ),
        Board(
            name="pi5-trixie", model="Raspberry Pi 5 Model B Rev 1.0", release="trixie", python="3.13",
            qemu_cpu="cortex-a76", part="0xd0b", variant="0x4", revision=1,
            features="fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop "
            "asimddp",
            hertz=2_400_000_000,
        ),
    )
}  # fmt: skip


def processor_files(board: Board) -> dict[str, str]:
    """What XNNPACK reads before it chooses its kernels: path from the root → text.

    Where the root folder has no such file, QEMU shows a program the one outside. With another machine's /proc/cpuinfo
    XNNPACK crashes; where the list of processors can't be read it is left out in silence, and nothing that is tested
    would be what a Raspberry Pi runs.
    """
    blocks = []
    every = f"0-{CORES - 1}\n"
    cpu = "sys/devices/system/cpu"
    files = {f"{cpu}/{name}": every for name in ("possible", "present", "online")} | {f"{cpu}/kernel_max": "7\n"}
    for core in range(CORES):
        blocks.append(
            f"processor\t: {core}\nBogoMIPS\t: 108.00\nFeatures\t: {board.features}\nCPU implementer\t: 0x41\n"
            f"CPU architecture: 8\nCPU variant\t: {board.variant}\nCPU part\t: {board.part}\n"
            f"CPU revision\t: {board.revision}\n\n"
        )
        files |= {
            f"{cpu}/cpu{core}/topology/core_siblings_list": every,
            f"{cpu}/cpu{core}/topology/package_cpus_list": every,
            f"{cpu}/cpu{core}/topology/physical_package_id": "0\n",
            f"{cpu}/cpu{core}/cpufreq/cpuinfo_max_freq": f"{board.hertz // 1000}\n",
            f"{cpu}/cpu{core}/cpufreq/cpuinfo_min_freq": "600000\n",
        }
    tail = f"Revision\t: c03111\nSerial\t\t: 0000000000000000\nModel\t\t: {board.model}\n"
    return files | {"proc/cpuinfo": "".join(blocks) + tail}
