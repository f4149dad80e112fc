"""The words on the screen in every language of the app: gettext catalogues, and what reads them. Stdlib only."""
