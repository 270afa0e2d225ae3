complete --keep-order --exclusive --command rowcall --arguments "(COMPLETE=fish rowcall -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
