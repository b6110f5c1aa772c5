# Two commands do everything: `make reports` and `make test`. Both first make the environment in .venv.
PYTHON ?= python3
PY := .venv/bin/python
READY := .venv/.ready
export UV_PYTHON_DOWNLOADS := never
# Behind a proxy that inspects TLS only the system knows the certificate.
export UV_SYSTEM_CERTS ?= true

.PHONY: reports briefs archive test test-oldest test-newest check lab data bench validity placebo soak bevindingen lock filter licences sbom audit clean help

reports: $(READY) ## render every report to reports/ (of WIJKEN_RAW, or what `make data` fetched, or else practice data)
	@$(PY) -m wijkenaanpak reports

briefs: $(READY) ## print the overview of every area as a brief of two pages (PDF; needs a Chromium)
	@$(PY) -m wijkenaanpak briefs

archive: $(READY) ## keep the reports with all they were made from in one file, in reports/archief
	@$(PY) -m wijkenaanpak archive

test: $(READY) ## run the tests
	@$(PY) -m pytest -n 2 --dist loadfile

# TESTS=tests/test_x.py runs a part.
define with-versions
	@.uv/bin/uv venv --quiet --allow-existing --python $(PYTHON) $(1)
	@.uv/bin/uv pip compile -q --resolution $(2) --no-annotate --no-header --group dev pyproject.toml -o $(1)/versions.txt
	@.uv/bin/uv pip sync --quiet --python $(1)/bin/python $(1)/versions.txt
	@.uv/bin/uv pip install --quiet --python $(1)/bin/python --no-deps --no-build-isolation --editable .
	@$(1)/bin/python -m pytest -n 2 --dist loadfile $(TESTS)
endef

test-oldest: $(READY) ## run the tests with the lowest versions that pyproject.toml allows
	$(call with-versions,.oldest,lowest-direct)

test-newest: $(READY) ## run the tests with the newest versions there are, without the lock
	$(call with-versions,.newest,highest)

check: $(READY) ## lint, format, types, imports that run one way, notebooks without outputs
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/nbqa mypy notebooks --allow-redefinition
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/nbstripout --verify notebooks/*.ipynb notebooks/*/*.ipynb

data: $(READY) ## fetch the published series (into WIJKEN_RAW, or data/raw/open), and say what is there
	@$(PY) -m wijkenaanpak data --download

lab: $(READY) ## open JupyterLab on the page that says where to begin; it fetches no news, asks for no updates
	@.venv/bin/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/begin.ipynb \
		--LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

bench: $(READY) ## measure the batch beside stock papermill and beside its floor (about 20 minutes)
	@$(PY) benchmarks/batch.py

validity: $(READY) ## find planted effects in 1,250 invented countries (about 45 minutes)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) benchmarks/validity.py

placebo: $(READY) ## judge the designs on programmes that never were (about 15 minutes)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) benchmarks/placebo.py

soak: $(READY) ## disturb batches for half an hour (kills, damaged files, two at once); the bytes must come out the same
	@$(PY) benchmarks/soak.py

bevindingen: $(READY) ## write docs/bevindingen.md from the published Leefbaarometer (WIJKEN_RAW; some minutes)
	@$(PY) benchmarks/bevindingen.py

lock: $(READY) ## resolve the dependencies anew into requirements.lock
	@.uv/bin/uv pip compile -q --universal --generate-hashes --no-annotate --no-header --group dev pyproject.toml -o requirements.lock

# What JupyterLab writes beside the cells, apart from their outputs.
EDITOR_KEYS := metadata.language_info.codemirror_mode metadata.language_info.file_extension metadata.language_info.mimetype metadata.language_info.nbconvert_exporter metadata.language_info.pygments_lexer metadata.language_info.version cell.metadata.editable cell.metadata.slideshow cell.metadata.jp-MarkdownHeadingCollapsed

filter: ## let git keep notebooks without outputs, in a git checkout (every `make` does this)
	@! git rev-parse --git-dir >/dev/null 2>&1 || { \
		git config filter.nbstripout.clean .venv/bin/nbstripout && \
		git config filter.nbstripout.extrakeys "$(EDITOR_KEYS)" && \
		git config diff.ipynb.textconv ".venv/bin/nbstripout -t"; }

licences: $(READY) ## list the licence of every package in the environment
	@.uv/bin/uv tool run --quiet pip-licenses --python $(PY) --from=mixed --order=license --with-urls

sbom: $(READY) ## write the bill of materials to sbom.json (CycloneDX)
	@.uv/bin/uv tool run --quiet --from cyclonedx-bom cyclonedx-py environment $(PY) --pyproject pyproject.toml --output-reproducible -o sbom.json

audit: $(READY) ## ask PyPI which locked packages have known vulnerabilities (needs the network; fails without)
	@.uv/bin/uv tool run --quiet pip-audit --requirement requirements.lock --require-hashes --disable-pip --strict

clean: ## remove everything that can be made again
	rm -rf .venv .uv .oldest .newest sbom.json reports/* data/processed/*

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/'

# pip needs no venv module for --target, and no permission to change the system's Python.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d; use: make PYTHON=python3.12" % v)'
	@echo "Making the environment in .venv (once)"
	@test -x .uv/bin/uv || $(PYTHON) -m pip install -qq --root-user-action ignore --target .uv uv
	@.uv/bin/uv venv --quiet --allow-existing --python $(PYTHON) .venv
	@.uv/bin/uv pip sync --quiet --compile-bytecode --python $(PY) requirements.lock
	@.uv/bin/uv pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	@$(MAKE) --no-print-directory filter
	@touch $(READY)
