"""Case studies: real data, read, split, modelled, compared, explained and decided; one folder a study."""

import domains as _domains

if getattr(_domains, "HEXAD_MARKER", None) != "hexad":
    _where = getattr(_domains, "__file__", None) or ", ".join(map(str, getattr(_domains, "__path__", [])))
    raise ImportError(
        f"Hexad's package 'domains' is hidden by another one of that name: {_where}. "
        "Python found it first, usually because it lies beside your script or notebook. "
        "Rename that file or folder, or start Python from another folder."
    )
