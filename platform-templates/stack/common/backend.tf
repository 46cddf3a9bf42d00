terraform {
  # The rest comes from environments/<environment>.tfbackend.
  backend "<%= platform.state.kind %>" {}
}
