// Package vulncheck holds the check that sagescale calls nothing with a vulnerability
// that the Go vulnerability database knows, and the proof that this check can fail:
//
//	make vulncheck
//
// govulncheck asks the database on the internet, or the one that GOVULNDB names, such
// as a copy by file://. Without GOVULNDB a database that cannot be reached fails
// nothing, but is said: the check is skipped, with its reason. One that GOVULNDB names
// must be there.
package vulncheck
