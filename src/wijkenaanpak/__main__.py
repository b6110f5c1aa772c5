import sys

# jsonschema would compile a grammar of web addresses, longer than a report takes; notebooks hold none to check.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from wijkenaanpak.run.batch import main  # noqa: E402

sys.exit(main())
