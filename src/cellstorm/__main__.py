"""``python -m cellstorm``."""

from cellstorm.cli import main

if __name__ == "__main__":
    main()
