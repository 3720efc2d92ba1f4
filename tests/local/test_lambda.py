"""Lambda: the states of a function, and what it shows of its settings."""

import base64
import hashlib
import io
import json
import unittest
import zipfile

from botocore.exceptions import ClientError
from support import accepted, client, new_account, refused, until

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
})


def program(text):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("handler.py", text)
    return file.getvalue()


class Functions(unittest.TestCase):
    def setUp(self):
        self.account = new_account()
        self.functions = client("lambda", self.account)
        made = client("iam", self.account).create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
        self.role = made["Role"]["Arn"]

    def make(self, name="f", **more):
        given = {"Runtime": "python3.13", "Handler": "handler.main", "Code": {"ZipFile": program("a")}, **more}
        return accepted(
            "InvalidParameterValueException",
            lambda: self.functions.create_function(FunctionName=name, Role=self.role, **given),
        )

    def refused_meanwhile(self, name):
        """Whether a change is refused now. The machine may be so slow that there is no meanwhile."""
        try:
            self.functions.update_function_configuration(FunctionName=name, Timeout=9)
        except ClientError as error:
            self.assertEqual(error.response["Error"]["Code"], "ResourceConflictException")
            return True
        return False

    def find(self):
        return self.functions.get_function_configuration(FunctionName="f")

    def usable(self):
        return until(lambda: self.find()["State"] == "Active" and self.find()["LastUpdateStatus"] == "Successful")

    def test_a_new_function_is_pending_and_takes_no_change(self):
        self.assertEqual(self.make()["State"], "Pending")
        self.usable()
        for number in range(20):
            self.make(f"f{number}")
            if self.refused_meanwhile(f"f{number}"):
                break
        else:
            self.fail("a pending function was changed")
        with refused("ResourceConflictException"):
            self.functions.create_function(
                FunctionName="f", Role=self.role, Runtime="python3.13", Handler="h", Code={"ZipFile": program("a")}
            )

    def test_one_change_at_a_time(self):
        self.make()
        self.usable()
        code = program("b")
        changed = self.functions.update_function_code(FunctionName="f", ZipFile=code, Architectures=["arm64"])
        self.assertEqual(changed["LastUpdateStatus"], "InProgress")
        self.assertEqual(changed["CodeSha256"], base64.b64encode(hashlib.sha256(code).digest()).decode())
        self.usable()
        self.assertEqual(self.find()["Architectures"], ["arm64"])
        for _ in range(20):
            self.functions.update_function_code(FunctionName="f", ZipFile=code)
            if self.refused_meanwhile("f"):
                break
            self.usable()
        else:
            self.fail("a function was changed twice at once")

    def test_settings_are_changed_and_shown(self):
        self.make(DeadLetterConfig={"TargetArn": "arn:aws:sqs:eu-west-3:123456789012:a"})
        self.usable()
        self.assertIn("DeadLetterConfig", self.find())
        settings = {"EphemeralStorage": {"Size": 1024}, "TracingConfig": {"Mode": "Active"}, "KMSKeyArn": "arn:aws:kms:k"}
        self.functions.update_function_configuration(FunctionName="f", DeadLetterConfig={"TargetArn": ""}, **settings)
        self.usable()
        found = self.find()
        self.assertEqual({name: found[name] for name in settings}, settings)
        self.assertNotIn("DeadLetterConfig", found)
        self.assertEqual(found["LoggingConfig"], {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"})

    def test_none_at_once_is_a_number(self):
        self.make()
        self.usable()
        self.functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
        found = self.functions.get_function(FunctionName="f")
        self.assertEqual(found["Concurrency"], {"ReservedConcurrentExecutions": 0})

    def test_who_may_call(self):
        self.make()
        self.usable()
        statement = {"FunctionName": "f", "Action": "lambda:InvokeFunction"}
        self.functions.add_permission(StatementId="a", Principal="123456789012", **statement)
        self.functions.add_permission(
            StatementId="b", Principal="*", FunctionUrlAuthType="AWS_IAM", SourceAccount="123456789012", **statement
        )
        policy = json.loads(self.functions.get_policy(FunctionName="f")["Policy"])
        first, second = policy["Statement"]
        self.assertEqual(first["Principal"], {"AWS": "arn:aws:iam::123456789012:root"})
        both = {"lambda:FunctionUrlAuthType": "AWS_IAM", "AWS:SourceAccount": "123456789012"}
        self.assertEqual(second["Condition"], {"StringEquals": both})


if __name__ == "__main__":
    unittest.main()
