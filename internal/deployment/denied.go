package deployment

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"
)

// Denied returns the IAM action that the caller lacks, such as logs:FilterLogEvents, when
// err says that a call was denied.
func Denied(err error) (action string, ok bool) {
	var answer smithy.APIError
	var call *smithy.OperationError
	if !errors.As(err, &answer) || !errors.As(err, &call) {
		return "", false
	}
	switch answer.ErrorCode() {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return prefix(call.Service()) + ":" + call.Operation(), true
	}
	return "", false
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
