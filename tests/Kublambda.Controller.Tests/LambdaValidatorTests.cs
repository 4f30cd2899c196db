using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Validation;
using static Kublambda.Controller.Tests.Judging;

namespace Kublambda.Controller.Tests;

/// <summary>All rules but those of <see cref="SourceRulesTests"/> and <see cref="TriggerRulesTests"/>.</summary>
public sealed class LambdaValidatorTests
{
    [Fact]
    public void A_small_lambda_is_accepted() => Assert.Equal(Verdict.Valid, Judge(new ALambda()));

    [Fact]
    public void A_lambda_with_everything_this_version_does_is_accepted()
    {
        var lambda = new ALambda().With(spec => spec with
        {
            Handler = "lib/orders.create",
            Signature = Signatures.Http,
            Source = new SourceSpec { Zip = new ZipSource { ConfigMap = new KeyRef { Name = "code", Key = "source.zip" } } },
            Build = new BuildSpec { Pipeline = "buildah", TimeoutSeconds = 60, Resources = new ComputeResources { Limits = Quantities("memory", "1Gi") } },
            Triggers =
            [
                new TriggerSpec { Name = "web", Http = new HttpTrigger { Host = "shop.example.com", Path = "/orders", Exposure = Exposures.Ingress } },
                new TriggerSpec { Name = "node", Http = new HttpTrigger { Exposure = Exposures.NodePort } },
                new TriggerSpec { Name = "jobs", Resource = new ResourceTrigger { ApiVersion = "v1", Kind = "Pod", Condition = "object.status.phase == 'Failed'" } },
            ],
            Scaling = new ScalingSpec { MinReplicas = 2, MaxReplicas = 2, Concurrency = 1 },
            Env =
            [
                new EnvVar { Name = "NODE_OPTIONS", Value = "--max-old-space-size=64" },
                new EnvVar { Name = "EMPTY", Value = "" },
                new EnvVar { Name = "FUNCTION_MAX_RESPONSE_BYTES", Value = "20000000" },
                new EnvVar { Name = "KEY", ValueFrom = new EnvVarSource { SecretKeyRef = new KeyRef { Name = "s", Key = "k" } } },
            ],
            Resources = new ComputeResources { Requests = Quantities("cpu", "50m"), Limits = Quantities("cpu", "0.5") },
            TimeoutSeconds = 30,
            ServiceAccountName = "orders",
        });
        Assert.Equal(Verdict.Valid, Judge(lambda));
    }

    private static Dictionary<string, string> Quantities(string name, string quantity) => new() { [name] = quantity };

    [Theory]
    [InlineData("cobol")]
    public void Runtimes_that_there_are_not_are_refused_by_name(string runtime) =>
        Refused(new ALambda().With(spec => spec with { Runtime = runtime }), Reasons.NotSupported, "spec.runtime", $"\"{runtime}\" is not supported");

    [Theory]
    [InlineData(Runtimes.Nodejs, Signatures.Http)]
    [InlineData(Runtimes.Nodejs, Signatures.CloudEvent)]
    [InlineData(Runtimes.Python, Signatures.Http)]
    [InlineData(Runtimes.Python, Signatures.CloudEvent)]
    [InlineData(Runtimes.Dotnet, Signatures.Http)]
    [InlineData(Runtimes.Dotnet, Signatures.CloudEvent)]
    public void Runtimes_and_signatures_that_are_there_are_accepted(string runtime, string signature) =>
        Assert.True(LambdaValidator.Validate(new ALambda().With(spec => spec with { Runtime = runtime, Signature = signature }).Build()).Accepted);

    [Fact]
    public void An_unknown_signature_is_refused_with_those_that_there_are() =>
        Refused(new ALambda().With(spec => spec with { Signature = "event" }), Reasons.NotSupported, "spec.signature", "write http or cloudevent");

    [Theory]
    [InlineData("Function")]
    [InlineData("Shop.Orders.Create")]
    public void A_handler_of_dotnet_is_a_class_or_a_method(string handler) =>
        Assert.True(LambdaValidator.Validate(new ALambda().With(spec => spec with { Runtime = Runtimes.Dotnet, Handler = handler }).Build()).Accepted);

    [Theory]
    [InlineData("lib/orders.create")]
    [InlineData("Shop..Orders")]
    [InlineData("1Shop")]
    public void A_handler_of_dotnet_that_is_no_name_is_refused(string handler) =>
        Refused(new ALambda().With(spec => spec with { Runtime = Runtimes.Dotnet, Handler = handler }), Reasons.Invalid, "spec.handler", "Namespace.Class");

    [Theory]
    [InlineData("lib/orders.create")]
    [InlineData("index.hello-http")] // functions.http('hello-http', ...)
    public void A_handler_of_nodejs_is_a_file_and_a_name_that_may_be_a_registered_one(string handler) =>
        Assert.True(LambdaValidator.Validate(new ALambda().With(spec => spec with { Handler = handler }).Build()).Accepted);

    [Fact]
    public void A_wrong_handler_is_shown_one_of_its_own_runtime() =>
        Refused(new ALambda().With(spec => spec with { Runtime = Runtimes.Python, Handler = "handler" }), Reasons.Invalid, "spec.handler", "main.handler");

    [Fact]
    public void An_application_has_no_handler_and_a_build_no_Secrets()
    {
        Refused(new ALambda().With(spec => spec with { Runtime = Runtimes.Buildpack, Handler = "index.handler" }), Reasons.Invalid, "spec.handler", "$PORT");
        Refused(
            new ALambda().With(spec => spec with { Build = new BuildSpec { Env = [new EnvVar { Name = "A", ValueFrom = new() { SecretKeyRef = new() { Name = "s", Key = "k" } } }] } }),
            Reasons.Invalid, "spec.build.env[0].valueFrom", "write a value");
        Assert.True(LambdaValidator.Validate(new ALambda().With(spec => spec with
        {
            Runtime = Runtimes.Buildpack,
            Handler = null,
            Build = new BuildSpec { Env = [new EnvVar { Name = "BP_NODE_VERSION", Value = "22" }] },
        }).Build()).Accepted);
    }

    [Fact]
    public void Other_fields_of_later_stages_are_refused_by_name()
    {
        Refused(new ALambda().With(spec => spec with { StateTables = ["orders"] }), Reasons.NotSupported, "spec.stateTables", "remove");
        Refused(
            new ALambda().With(spec => spec with { Resources = new ComputeResources { Limits = Quantities("nvidia.com/gpu", "1") } }),
            Reasons.NotSupported, "spec.resources.limits.nvidia.com/gpu", "cpu, memory");
    }

    [Theory]
    [InlineData("handler")]
    [InlineData("index.")]
    [InlineData(".handler")]
    [InlineData("../index.handler")]
    [InlineData("lib/../index.handler")]
    [InlineData("/index.handler")]
    [InlineData("lib//index.handler")]
    [InlineData("index.1st")]
    [InlineData("index.handler\n")]
    public void A_handler_is_module_dot_function(string handler) =>
        Refused(new ALambda().With(spec => spec with { Handler = handler }), Reasons.Invalid, "spec.handler", "index.handler");

    [Theory]
    [InlineData("PORT")]
    [InlineData("ADMIN_PORT")]
    [InlineData("FUNCTION_TARGET")]
    [InlineData("KUBLAMBDA_NAME")]
    public void Names_of_the_contract_with_the_runtime_are_reserved(string name) =>
        Refused(new ALambda().WithEnv(new EnvVar { Name = name, Value = "x" }), Reasons.Invalid, "spec.env[0].name", "another name");

    [Fact]
    public void A_variable_has_a_name_and_exactly_one_value()
    {
        Refused(new ALambda().WithEnv(new EnvVar { Name = "1A", Value = "" }), Reasons.Invalid, "spec.env[0].name", "not a name");
        Refused(new ALambda().WithEnv(new EnvVar { Name = "A" }), Reasons.Invalid, "spec.env[0]", "neither");
        Refused(new ALambda().WithEnv(new EnvVar { Name = "A", Value = "", ValueFrom = Secret }), Reasons.Invalid, "spec.env[0]", "both");
        Refused(new ALambda().WithEnv(new EnvVar { Name = "A", ValueFrom = new EnvVarSource() }), Reasons.Invalid, "spec.env[0].valueFrom", "neither");
        Refused(
            new ALambda().WithEnv(new EnvVar { Name = "A", Value = "1" }, new EnvVar { Name = "A", Value = "2" }),
            Reasons.Invalid, "spec.env[1].name", "already");
        Refused(new ALambda().WithEnv(new EnvVar { Name = "A", Value = "a\0b" }), Reasons.Invalid, "spec.env[0].value", "NUL");
    }

    private static EnvVarSource Secret => new() { SecretKeyRef = new KeyRef { Name = "s", Key = "k" } };

    [Fact]
    public void Replicas_have_to_make_sense_with_the_defaults_too()
    {
        Refused(
            new ALambda().With(spec => spec with { Scaling = new ScalingSpec { MinReplicas = 20 } }),
            Reasons.Invalid, "spec.scaling.minReplicas", "its default");
        Refused(
            new ALambda().With(spec => spec with { Scaling = new ScalingSpec { MinReplicas = 3, MaxReplicas = 2 } }),
            Reasons.Invalid, "spec.scaling.minReplicas", "above maxReplicas (2)");
    }

    [Theory]
    [InlineData("much", "128Mi", "not a quantity")]
    [InlineData("-1", "128Mi", "negative")]
    [InlineData("1Gi", "512Mi", "above the limit")]
    public void Quantities_parse_and_fit(string request, string limit, string words) => Refused(
        new ALambda().With(spec => spec with { Resources = new ComputeResources { Requests = Quantities("memory", request), Limits = Quantities("memory", limit) } }),
        Reasons.Invalid, "spec.resources.requests.memory", words);

    [Theory]
    [InlineData("Hello")]
    [InlineData("1st")]
    [InlineData("a.b")]
    [InlineData("a-very-long-name-that-goes-on-and-on-until-it-is-too-long-for-us")]
    public void A_name_has_to_serve_as_the_name_of_a_service(string name) => Refused(new ALambda(name), Reasons.Invalid, "metadata.name", "Service");

    [Fact]
    public void Every_problem_is_told_at_once()
    {
        var verdict = Judge(new ALambda().With(spec => spec with { Handler = "x", StateTables = ["a"] }).WithEnv(new EnvVar { Name = "PORT", Value = "1" }));
        Assert.Equal(Reasons.Invalid, verdict.Reason);
        Assert.Equal(3, verdict.Message.Split('\n').Length);
    }
}
