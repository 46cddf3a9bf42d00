description = "who may do what: roles for platform administrators and viewers"
standard    = "everywhere"
