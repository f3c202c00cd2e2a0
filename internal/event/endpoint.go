package event

import (
	"strings"
	"unicode"
)

// DecodeEndpointState decodes what wakes functions/settle: a change of the status
// of an endpoint, or of its deployment. Both come from SageMaker through
// EventBridge, at best effort.
//
// The ARN of an endpoint is in lower case while its name keeps its own, and of
// the name there is only one: Endpoint is the name. The event names no variant
// that could be relied on.
func DecodeEndpointState(raw []byte, from Origin) (Event, error) {
	root, err := parse(raw)
	if err != nil {
		return Event{}, err
	}
	err = from.checkEnvelope(root, "aws.sagemaker",
		"SageMaker Endpoint State Change", "SageMaker Endpoint Deployment State Change")
	if err != nil {
		return Event{}, err
	}
	detail := root.child("detail")
	name, status := detail.text("EndpointName"), detail.text("EndpointStatus")
	arns := []string{detail.text("EndpointArn"), root.only("resources")}
	if err := root.err(); err != nil {
		return Event{}, err
	}
	if err := checkEndpoint(name, arns, from); err != nil {
		return Event{}, err
	}
	status = clean(upperSnake(status))
	return Event{
		Kind:     EndpointState,
		ID:       root.note("id"),
		Name:     status,
		Endpoint: name,
		Status:   status,
	}, nil
}

// checkEndpoint refuses a name unless every ARN is that of this endpoint of ours.
func checkEndpoint(name string, arns []string, from Origin) error {
	if !isName(name) {
		return refusal("EndpointName %s is not a valid name", quote(name))
	}
	for _, arn := range arns {
		named, err := from.resource(arn, "sagemaker", "endpoint/")
		if err != nil {
			return err
		}
		if !strings.EqualFold(named, name) {
			return refusal("endpoint %s has the ARN of %s", quote(name), quote(named))
		}
	}
	return nil
}

// upperSnake writes a status the way EventBridge does, also when it comes the way
// the API does: InService becomes IN_SERVICE.
func upperSnake(s string) string {
	var b strings.Builder
	lower := false
	for _, r := range s {
		if lower && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		lower = unicode.IsLower(r)
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}
