"""Arrays by what they hold, written once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Bytes", "Codes", "Floats", "Ints", "Lengths"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Lengths = NDArray[np.int16]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]
