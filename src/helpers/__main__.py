import sys

sys.exit("The command line has moved: use `python -m wijkenaanpak` with the same options.")
