// Package contract holds the tests that the doubles of package simulate and the
// adapters of the real services behave alike: one suite of behaviours for each
// port of package autoscaler, run against every implementation of it. What is told comes to a
// real rule, and is remembered in real tables.
//
//	go test -tags local -v ./test/contract
//
// What Application Auto Scaling has registered has no double: it is read and suspended
// for people, at the command line. Its adapters are held to moto.
//
// The adapters run on the real SDK clients against a local AWS account: moto is
// SageMaker, MiniStack is CloudWatch and DynamoDB, and DynamoDB Local, AWS's own,
// is the judge of the store. They must be installed in the checkout, see package
// localaccount. A table of behaviours and implementations ends the run. What an
// implementation cannot show is skipped, with its reason.
package contract
