// Package e2e deploys the real stack, with the real binaries, into a local AWS
// account and watches it scale. It runs with the build tag e2e, by make e2e.
package e2e
