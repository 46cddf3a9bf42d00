terraform {
  # The rest comes from environments/shared.tfbackend.
  backend "<%= platform.state.kind %>" {}
}
