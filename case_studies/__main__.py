"""The command line: hexad list, hexad run STUDY, hexad predict RUN, hexad new STUDY, hexad datasets."""

from case_studies.common.cli import main

if __name__ == "__main__":
    main()
