"""Secrets Manager: schedules of rotation."""

import io
import json
import unittest
import zipfile

from support import accepted, client, new_account, refused

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as files:
        files.writestr("main.py", "def handler(event, context): pass")
    return file.getvalue()


class SecretRotation(unittest.TestCase):
    def setUp(self):
        account = new_account()
        role = client("iam", account).create_role(RoleName="rotate", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        functions = client("lambda", account)

        def make():
            return functions.create_function(
                FunctionName="rotate",
                Role=role,
                Runtime="python3.12",
                Handler="main.handler",
                Code={"ZipFile": archive()},
            )

        self.function = accepted("InvalidParameterValueException", make)["FunctionArn"]
        self.secrets = client("secretsmanager", account)
        self.secrets.create_secret(Name="password", SecretString="x")

    def rotate(self, **rules):
        self.secrets.rotate_secret(
            SecretId="password", RotationLambdaARN=self.function, RotationRules=rules, RotateImmediately=False
        )
        return self.secrets.describe_secret(SecretId="password")

    def test_schedules(self):
        found = self.rotate(ScheduleExpression="rate(30 days)", Duration="3h")
        rules = {"AutomaticallyAfterDays": 30, "ScheduleExpression": "rate(30 days)", "Duration": "3h"}
        self.assertEqual((found["RotationEnabled"], found["RotationRules"]), (True, rules))
        found = self.rotate(ScheduleExpression="cron(0 4 ? * SUN *)")
        self.assertEqual(found["RotationRules"], {"ScheduleExpression": "cron(0 4 ? * SUN *)"})
        self.assertEqual(self.rotate(AutomaticallyAfterDays=7)["RotationRules"], {"AutomaticallyAfterDays": 7})
        for wrong in ("rate(3 hours)", "30 days"):
            with refused("InvalidParameterException"):
                self.rotate(ScheduleExpression=wrong)
        self.secrets.cancel_rotate_secret(SecretId="password")
        self.assertFalse(self.secrets.describe_secret(SecretId="password")["RotationEnabled"])


if __name__ == "__main__":
    unittest.main()
