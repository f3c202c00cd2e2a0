package deployment

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"
)

// Denied returns the IAM action that the caller lacks, such as logs:FilterLogEvents, when
// err says that a call was denied.
//
// Of several errors that are joined it is the first that says so.
func Denied(err error) (action string, ok bool) {
	switch e := err.(type) { //nolint:errorlint // each level is looked at by itself
	case *smithy.OperationError:
		var answer smithy.APIError
		if errors.As(e.Err, &answer) && denies(answer.ErrorCode()) {
			return prefix(e.Service()) + ":" + e.Operation(), true
		}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if action, ok := Denied(one); ok {
				return action, true
			}
		}
	case interface{ Unwrap() error }:
		return Denied(e.Unwrap())
	}
	return "", false
}

// denies reports whether a code of AWS says that the caller may not make a call.
func denies(code string) bool {
	return code == "AccessDenied" || code == "AccessDeniedException" || code == "UnauthorizedOperation"
}

// prefix is how IAM calls a service of the SDK.
func prefix(service string) string {
	switch service {
	case "CloudWatch Logs":
		return "logs"
	case "EventBridge":
		return "events"
	case "Application Auto Scaling":
		return "application-autoscaling"
	}
	return strings.ToLower(service)
}
