//go:build unix && !linux

package sandbox

const mapPopulate = 0
