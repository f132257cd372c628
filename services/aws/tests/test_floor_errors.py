"""moto's errors, as AWS's."""

from __future__ import annotations

import botocore.session
import pytest
from localstack.aws.api import CommonServiceException
from obsiverse_aws.floor.errors import from_answer, from_failure


def operation(service: str, name: str):
    """An operation's model."""
    return botocore.session.get_session().get_service_model(service).operation_model(name)


XML = "<?xml version='1.0'?>\n<Error><Code>NoSuchModel</Code><Message>Could not find model</Message></Error>\n"


@pytest.mark.parametrize(
    ("name", "code"),
    [("DescribeModel", "ValidationException"), ("DescribeExperiment", "ResourceNotFound")],
)
def test_an_error_in_xml_gets_the_code_that_the_operation_has_for_what_is_not_there(name, code):
    error = from_answer(operation("sagemaker", name), CommonServiceException("404", XML, 404))
    assert (error.code, error.message, error.status_code) == (code, "Could not find model", 400)


def test_a_status_without_a_word_is_no_operation_of_motos():
    error = from_answer(operation("eks", "CreateAddon"), CommonServiceException("404", "", 404))
    assert (error.code, error.status_code) == ("UnknownOperationException", 501)


def test_a_code_of_the_service_stays_with_its_status():
    missing = CommonServiceException("ResourceNotFoundException", "No cluster found for name: lab.", 404)
    error = from_answer(operation("eks", "CreateNodegroup"), missing)
    assert (error.code, error.status_code) == ("ResourceNotFoundException", 404)


def test_a_name_of_the_request_that_moto_did_not_find_is_not_found():
    request = {"FeatureGroupName": "lab"}
    describe = operation("sagemaker", "DescribeFeatureGroup")
    error = from_failure(describe, request, KeyError("arn:aws:sagemaker:us-east-1:111111111111:feature-group/lab"))
    assert error is not None
    assert error.code == "ResourceNotFound"


def test_a_key_that_is_no_name_of_the_request_is_motos_own_failure():
    assert (
        from_failure(operation("sagemaker", "DescribeFeatureGroup"), {"Name": "lab"}, KeyError("EndpointInput")) is None
    )


def test_what_moto_says_in_so_many_words_is_the_message():
    error = from_failure(operation("ecr", "PutImage"), {}, Exception("Invalid parameter at 'ImageManifest'"))
    assert error is not None
    assert (error.code, error.message) == ("InvalidParameterException", "Invalid parameter at 'ImageManifest'")
