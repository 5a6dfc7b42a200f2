"""VGGS-10K: the ten classes of VGGSound on which audio-visual distillation is usually compared.

Layout and protocol are those of `vggsound`; clips of other classes in the table are passed over. The published subset
counts 8,808 training and 443 or 444 test clips: those whose videos were still to be had.
"""

from typing import ClassVar, final

from limbeck.datasets.vggsound import VGGSoundTable


@final
class VGGSound10k(VGGSoundTable):
    """Ten classes of VGGSound, from the full table and any folder that holds their videos.

    Example:
        >>> reader = VGGSound10k(root="vggsound")
        >>> len(reader.only), reader.name
        (10, 'vggsound10k')
    """

    title: ClassVar[str] = "VGGS-10K: ten classes of VGGSound, one second of each clip"
    only: ClassVar[tuple[str, ...]] = (
        "basketball bounce",
        "chicken crowing",
        "child speech, kid speaking",
        "driving buses",
        "fireworks banging",
        "ocean burbling",
        "playing acoustic guitar",
        "playing piano",
        "police radio chatter",
        "toilet flushing",
    )
