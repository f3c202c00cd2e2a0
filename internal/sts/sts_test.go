package sts_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sts"

	"sagescale/internal/sts"
)

// client answers with an ARN, or fails.
type client struct {
	arn *string
	err error
}

func (c client) GetCallerIdentity(context.Context, *sdk.GetCallerIdentityInput, ...func(*sdk.Options)) (*sdk.GetCallerIdentityOutput, error) {
	return &sdk.GetCallerIdentityOutput{Arn: c.arn}, c.err
}

func TestName(t *testing.T) {
	for _, tt := range []struct {
		client      client
		want, fails string
	}{
		{client{arn: aws.String("arn:aws:iam::111122223333:user/team/anna")}, "user/team/anna", ""},
		{client{arn: aws.String("arn:aws:sts::111122223333:assumed-role/Admin/anna:b")}, "assumed-role/Admin/anna:b", ""},
		{client{arn: aws.String("arn:aws:iam::111122223333:root")}, "root", ""},
		{client{arn: aws.String("arn:aws:iam::111122223333:")}, "", "has no ARN"},
		{client{}, "", "has no ARN"},
		{client{err: errors.New("slow")}, "", "call GetCallerIdentity: slow"},
	} {
		got, err := sts.New(tt.client).Name(t.Context())
		if got != tt.want || (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
			t.Errorf("got %q, %v, want %q, %q", got, err, tt.want, tt.fails)
		}
	}
}
