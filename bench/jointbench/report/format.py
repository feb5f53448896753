"""Numbers and names for people. Digits follow what is known: an interval decides how many are shown.

Every function takes the number as it stands in the summary and returns text; None and not-a-number become
"not measured". Minus signs are typographic (U+2212), so that they are as wide as a plus sign.
"""

from __future__ import annotations

import math
import unicodedata

from jointbench.comparison.summary.quantity import REQUEST, TRAINING_FLOPS, Quantity
from jointbench.records import WHOLE_FIT
from jointbench.stats.estimate import Estimate

NOT_MEASURED = "not measured"
MINUS = "\N{MINUS SIGN}"
MOST_SKILL_DIGITS = 4  # a hundredth of the region of equivalence
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PREFIXES = ((1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T"), (1e15, "P"), (1e18, "E"))
_METRICS = {
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "rrmse": "RRMSE",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
    "calibration_error": "calibration error",
}


def plain(text: str) -> str:
    """A name on one line without characters that command a terminal, reorder text or break XML."""
    return " ".join(printable(text).split()) or "(no name)"


def printable(text: str) -> str:
    """A text of one or more lines without characters that command a terminal, reorder text or break XML.

    A lone surrogate, which stands for a byte of a file name that is no UTF-8, is one of them.
    """
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character in "\n\t" or not _commands(character):
        return character
    return " " if character.isspace() else "\N{REPLACEMENT CHARACTER}"


def _commands(character: str) -> bool:
    return character in _BIDI or unicodedata.category(character) in ("Cc", "Cs", "Cn", "Zl", "Zp")


def shorten(text: str, most: int) -> str:
    """A name of at most ``most`` characters; what is cut off is marked."""
    name = plain(text)
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def metric_name(name: str) -> str:
    """What people call a metric; one that is not known keeps its own name."""
    return _METRICS.get(name, name)


def metric(name: str, value: float) -> str:
    """A metric's mean: three decimals on a scale that ends at 1, three significant digits in an output's own unit."""
    return significant(value) if name not in _METRICS or name in ("rmse", "mae") else fixed(value, 3)


def quantity(value: Quantity) -> str:
    """What a cost ratio is of, with the execution mode where it is not the usual one."""
    if value.scenario == TRAINING_FLOPS:
        words = "training FLOPs to the stop"
    elif value.scenario == REQUEST:
        words = f"request, batch {value.batch_size}"
    else:
        words = "training" if value.mode == WHOLE_FIT else value.scenario
    return words if value.usual else f"{words}, {value.mode}"


def known(value: float | None) -> bool:
    """Whether there is a finite number to show."""
    return value is not None and math.isfinite(value)


def digits_for(low: float, high: float, most: int = MOST_SKILL_DIGITS) -> int:
    """Decimals that show half the interval's width to two significant digits; between 1 and ``most``."""
    half = (high - low) / 2
    if not half > 0 or not math.isfinite(half):
        return most
    return min(max(1 - math.floor(math.log10(half)), 1), most)


def fixed(value: float, digits: int, sign: bool = False) -> str:
    """A number with so many decimals. What rounds to zero has no sign: it is neither a gain nor a loss."""
    text = f"{abs(value):,.{digits}f}"
    if not any(character in "123456789" for character in text):
        return text
    return (MINUS if value < 0 else "+" if sign else "") + text


def difference(estimate: Estimate) -> str:
    """A difference in skill with its 95 % interval: +0.012 (−0.003 to +0.027)."""
    if not known(estimate.value):
        return NOT_MEASURED
    digits = digits_for(estimate.low, estimate.high)
    low, high = (fixed(end, digits, sign=True) if known(end) else "?" for end in (estimate.low, estimate.high))
    return f"{fixed(estimate.value, digits, sign=True)} ({low} to {high})"


def skill(value: float, sd: float) -> str:
    """A skill and its standard deviation over folds, or the bare value where one fold gives no deviation."""
    if not known(value):
        return NOT_MEASURED
    if not known(sd):
        return fixed(value, 2)
    digits = digits_for(-sd, sd, 3)
    return f"{fixed(value, digits)} ± {fixed(sd, digits)}"


def ratio(estimate: Estimate) -> str:
    """A ratio of costs with its interval: 0.43x (0.35 to 0.53); the value alone where all three read the same.

    Ends a hundred times off carry no information and are not given.
    """
    if not known(estimate.value):
        return NOT_MEASURED
    small = 1 - math.floor(math.log10(estimate.value)) if 0 < estimate.value < 0.1 else 2
    digits = min(digits_for(estimate.low, estimate.high, small), small)
    value, low, high = (fixed(number, digits) for number in (estimate.value, estimate.low, estimate.high))
    if value == low == high:
        return f"{value}x"
    low = "<0.01" if estimate.low < 0.01 <= estimate.value else low
    high = ">100" if estimate.high > 100 >= estimate.value else high
    return f"{value}x ({low} to {high})"


def times(value: float) -> str:
    """A ratio of two counts: 0.51x."""
    return ratio(Estimate(value, value, value))


def significant(value: float | None, digits: int = 3) -> str:
    """A number to three significant digits, without an exponent from a millionth to a million."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    if value == 0:
        return "0"
    mantissa, _, power = f"{abs(value):.{digits - 1}e}".partition("e")
    exponent = int(power)  # after rounding: 0.9996 has the exponent of 1.00
    if not -6 <= exponent < 6:
        return f"{MINUS if value < 0 else ''}{mantissa}e{exponent}"
    return fixed(round(value, digits - 1 - exponent), max(digits - 1 - exponent, 0))


def flops(value: float | None) -> str:
    """Floating-point operations with an SI prefix: 1.64 MFLOP."""
    return _prefixed(value, "FLOP")


def flops_interval(estimate: Estimate) -> str:
    """Floating-point operations with their interval: 1.64 MFLOP (1.41 MFLOP to 1.87 MFLOP)."""
    return f"{flops(estimate.value)} ({flops(estimate.low)} to {flops(estimate.high)})"


def size(value: float | None) -> str:
    """Bytes with an SI prefix: 23.5 kB."""
    return _prefixed(value, "B")


def joules(value: float | None) -> str:
    """An energy with an SI prefix from J up, below in mJ and µJ: 23.5 kJ, 4.1 mJ."""
    if value is not None and 0 < value < 0.9995:
        return f"{significant(value * 1e3)} mJ" if value >= 9.995e-4 else f"{significant(value * 1e6)} µJ"
    return _prefixed(value, "J")


def watts(value: float | None) -> str:
    return f"{significant(value)} W" if known(value) else NOT_MEASURED


def _prefixed(value: float | None, unit: str) -> str:
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    scale, prefix = _si(value)
    return f"{significant(value / scale)} {prefix}{unit}"


def estimate(value: Estimate) -> str:
    """A bare number with its interval, two decimals: 0.71 (0.66 to 0.75)."""
    return f"{fixed(value.value, 2)} ({fixed(value.low, 2)} to {fixed(value.high, 2)})"


def tick(value: float) -> str:
    """A number on an axis with an SI prefix and no more digits than it needs: 1.5 M."""
    scale, prefix = _si(value)
    return f"{value / scale:.3g} {prefix}".strip()


def _si(value: float) -> tuple[float, str]:
    for scale, prefix in _PREFIXES:
        if abs(value) < 999.5 * scale:
            return scale, prefix
    return _PREFIXES[-1]


def seconds(value: float | None) -> str:
    """A time: 47.4 µs, 33.1 ms, 0.496 s as 496 ms, 3.36 s, 4.2 min, 1.5 h."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    if value == 0:
        return "0 s"
    for below, scale, unit in ((9.995e-7, 1e9, "ns"), (9.995e-4, 1e6, "µs"), (0.9995, 1e3, "ms"), (119.5, 1.0, "s")):
        if abs(value) < below:
            return f"{significant(value * scale)} {unit}"
    return f"{significant(value / 60, 2)} min" if value < 5970 else f"{significant(value / 3600, 2)} h"


def count(value: float) -> str:
    """A whole number with separators; a mean of whole numbers keeps three significant digits."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else significant(value)


def share(value: float) -> str:
    """A part of the whole in percent, without decimals; 100 % and 0 % only for all and none."""
    if not known(value):
        return NOT_MEASURED
    if 0 < value < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < value < 1 else f"{value:.0%}".replace("%", " %")


def probability(value: float) -> str:
    """A probability with two decimals; certainty is not claimed by rounding."""
    if not known(value):
        return NOT_MEASURED
    if 0 < value < 0.01:
        return "<0.01"
    return ">0.99" if 0.99 < value < 1 else f"{value:.2f}"
