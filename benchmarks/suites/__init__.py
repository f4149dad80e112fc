"""One suite per file; each has NAME, TITLE, add_arguments(parser) and measure(arguments) -> Suite."""
