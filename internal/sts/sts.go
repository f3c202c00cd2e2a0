// Package sts asks AWS who calls. It is the only importer of the SDK of the AWS Security
// Token Service.
package sts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// api is what is used of the service.
type api interface {
	GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

// Caller is whose credentials are used.
type Caller struct{ client api }

// New returns the Caller on a client: the SDK's, or what behaves like it.
func New(client api) *Caller { return &Caller{client} }

// Identity is whose credentials are used. Name is what a person would call the caller:
// the ARN without what comes before the kind, such as user/anna or assumed-role/Admin/anna.
// Time is when AWS answered by its own clock, zero where the answer does not say.
type Identity struct {
	Account, Name string
	Time          time.Time
}

// Identity asks who calls. The call needs no permission.
func (c *Caller) Identity(ctx context.Context) (Identity, error) {
	out, err := c.client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Identity{}, fmt.Errorf("call GetCallerIdentity: %w", err)
	}
	// arn:PARTITION:SERVICE:REGION:ACCOUNT:KIND/NAME
	parts := strings.SplitN(aws.ToString(out.Arn), ":", 6)
	if len(parts) < 6 || parts[5] == "" {
		return Identity{}, errors.New("the answer of GetCallerIdentity has no ARN")
	}
	at, _ := middleware.GetServerTime(out.ResultMetadata) // zero when there is none
	return Identity{aws.ToString(out.Account), parts[5], at.UTC()}, nil
}

// Name is that of the Identity.
func (c *Caller) Name(ctx context.Context) (string, error) {
	who, err := c.Identity(ctx)
	return who.Name, err
}
