package event

import (
	"slices"
	"strings"
)

// Origin is where events may come from. The zero Origin lets ticks and scheduled
// actions pass, which name no origin, and refuses all others.
type Origin struct {
	Account     string
	Region      string
	AlarmPrefix string // of the names of our alarms, as in config.AlarmName
}

// check refuses the account or the region of others.
func (o Origin) check(account, region string) error {
	if account != o.Account {
		return refusal("from account %s", quote(account))
	}
	if region != o.Region {
		return refusal("from region %s", quote(region))
	}
	return nil
}

// checkEnvelope refuses what EventBridge brings from another source, account or
// region, or of another type.
func (o Origin) checkEnvelope(root object, source string, detailTypes ...string) error {
	from, detailType := root.text("source"), root.text("detail-type")
	account, region := root.text("account"), root.text("region")
	switch {
	case root.err() != nil:
		return root.err()
	case from != source:
		return refusal("source %s", quote(from))
	case !slices.Contains(detailTypes, detailType):
		return refusal("detail-type %s", quote(detailType))
	}
	return o.check(account, region)
}

// resource returns what follows kind in an ARN of the service, and refuses an ARN
// of another service, kind, account or region.
func (o Origin) resource(arn, service, kind string) (string, error) {
	p := strings.SplitN(arn, ":", 6)
	if len(p) < 6 || p[0] != "arn" || !isPartition(p[1]) || p[2] != service {
		return "", refusal("%s is not an ARN of %s", quote(arn), service)
	}
	if err := o.check(p[4], p[3]); err != nil {
		return "", err
	}
	name, ok := strings.CutPrefix(p[5], kind)
	if !ok || name == "" {
		return "", refusal("%s does not name %s...", quote(arn), kind)
	}
	return name, nil
}

func isPartition(s string) bool {
	return s == "aws" || strings.HasPrefix(s, "aws-")
}
