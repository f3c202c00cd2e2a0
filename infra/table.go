package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"

	"sagescale/internal/config"
)

// addTable declares the state table. It outlives the stack: cooldowns and
// learned provisioning times are worth more than a tidy account.
//
// It is encrypted by DynamoDB's own key. A key of the customer's would cost more
// than the table, and could be disabled, which would stop scaling; the items hold
// names and numbers of instances.
func (s *stack) addTable() {
	s.table = awsdynamodb.NewTable(s.scope, text("Table"), &awsdynamodb.TableProps{
		PartitionKey:        key(config.KeyPartition),
		SortKey:             key(config.KeySort),
		BillingMode:         awsdynamodb.BillingMode_PAY_PER_REQUEST,
		TimeToLiveAttribute: text(config.KeyExpires),
		DeletionProtection:  jsii.Bool(true),
		RemovalPolicy:       awscdk.RemovalPolicy_RETAIN,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
		},
	})
}

func key(name string) *awsdynamodb.Attribute {
	return &awsdynamodb.Attribute{Name: text(name), Type: awsdynamodb.AttributeType_STRING}
}
