"""What screens are built of: the table, its filter line, the status line. They know no cart and no table of ours."""
