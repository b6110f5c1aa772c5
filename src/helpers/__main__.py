import sys

from helpers.batch import main

sys.exit(main())
