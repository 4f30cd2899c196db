using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Validation;

namespace Kublambda.Controller.Tests;

public sealed class LambdaValidatorTests
{
    private static Verdict Judge(ALambda lambda) => LambdaValidator.Validate(lambda.Build());

    private static void Refused(ALambda lambda, string reason, string field, string words)
    {
        var verdict = Judge(lambda);
        Assert.False(verdict.Accepted);
        Assert.Equal(reason, verdict.Reason);
        Assert.StartsWith(field + ": ", verdict.Message, StringComparison.Ordinal);
        Assert.Contains(words, verdict.Message, StringComparison.Ordinal);
    }

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

    public static TheoryData<SourceSpec> RemoteSources => new()
    {
        new SourceSpec { Archive = new ArchiveSource { Url = "https://example.com/y.zip?sig=a%2Fb", Sha256 = new string('a', 64), SubPath = "fn/" } },
        new SourceSpec { Git = new GitSource { Url = "https://git.example.com/y.git" } },
        new SourceSpec { Git = new GitSource { Url = "https://git.example.com/y.git", Revision = "feature/x-1.0", SubPath = "functions/a", SecretRef = new SecretRef { Name = "token" } } },
        new SourceSpec { Git = new GitSource { Url = "ssh://git@git.example.com:2222/y.git", Revision = new string('a', 40), SecretRef = new SecretRef { Name = "key" } } },
    };

    [Theory]
    [MemberData(nameof(RemoteSources))]
    public void Sources_that_lie_elsewhere_are_accepted(object source) =>
        Assert.Equal(Verdict.Valid, LambdaValidator.Validate(new ALambda().WithSource((SourceSpec)source).Build()));

    [Theory]
    [InlineData("--upload-pack=touch /tmp/x", "is not a URL")]
    [InlineData("ext::sh -c id", "is not a URL")]
    [InlineData("git@git.example.com:y.git", "is not a URL")]
    [InlineData("/srv/y.git", "is not a URL")]
    [InlineData("ssh://-oProxyCommand=id/y.git", "is not a URL")]
    [InlineData("file:///srv/y.git", "is not a URL")]
    [InlineData("git://git.example.com/y.git", "\"git\" is not allowed")]
    [InlineData("https://user:secret@git.example.com/y.git", "holds a user or password")]
    [InlineData("ssh://git:secret@git.example.com/y.git", "holds a user or password")]
    [InlineData("https://git.example.com/y.git#main", "fragment")]
    [InlineData("https://git.example.com/a b", "is not a URL")]
    [InlineData("https://git.example.com/a\nb", "is not a URL")]
    [InlineData("", "is not a URL")]
    public void A_git_URL_that_is_more_than_a_repository_is_refused(string url, string words)
    {
        Refused(new ALambda().WithSource(new SourceSpec { Git = new GitSource { Url = url } }), Reasons.Invalid, "spec.source.git.url", words);
        Assert.DoesNotContain("secret", LambdaValidator.Validate(new ALambda().WithSource(new SourceSpec { Git = new GitSource { Url = url } }).Build()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-x", "an option")]
    [InlineData("a..b", "is not the name")]
    [InlineData("a b", "is not the name")]
    [InlineData("a^{}", "is not the name")]
    [InlineData("refs/heads/*", "is not the name")]
    [InlineData("", "is empty")]
    public void A_git_revision_that_is_none_is_refused(string revision, string words) => Refused(
        new ALambda().WithSource(new SourceSpec { Git = new GitSource { Url = "https://x.example/y.git", Revision = revision } }), Reasons.Invalid, "spec.source.git.revision", words);

    [Fact]
    public void Credentials_go_with_https_and_ssh_only_and_ssh_needs_them()
    {
        Refused(new ALambda().WithSource(new SourceSpec { Git = new GitSource { Url = "ssh://git@x.example/y.git" } }), Reasons.Invalid, "spec.source.git.secretRef", "ssh-privatekey");
        Refused(
            new ALambda().WithSource(new SourceSpec { Git = new GitSource { Url = "http://x.example/y.git", SecretRef = new SecretRef { Name = "a" } } }),
            Reasons.Invalid, "spec.source.git.secretRef", "plain http");
        Refused(
            new ALambda().WithSource(new SourceSpec { Git = new GitSource { Url = "https://x.example/y.git", SecretRef = new SecretRef { Name = "../a" } } }),
            Reasons.Invalid, "spec.source.git.secretRef.name", "not a name");
    }

    [Fact]
    public void An_archive_needs_a_URL_a_digest_and_a_path_within()
    {
        Refused(new ALambda().WithSource(new SourceSpec { Archive = new ArchiveSource { Url = "file:///etc/x", Sha256 = new string('a', 64) } }), Reasons.Invalid, "spec.source.archive.url", "not a URL");
        Refused(new ALambda().WithSource(new SourceSpec { Archive = new ArchiveSource { Url = "https://x.example/y.zip", Sha256 = "abc" } }), Reasons.Invalid, "spec.source.archive.sha256", "sha256sum");
        Refused(
            new ALambda().WithSource(new SourceSpec { Archive = new ArchiveSource { Url = "https://x.example/y.zip", Sha256 = new string('a', 64), SubPath = "../x" } }),
            Reasons.Invalid, "spec.source.archive.subPath", "leads out");
    }

    [Fact]
    public void A_mistake_in_a_resource_trigger_is_named_by_its_field() => Refused(
        new ALambda().WithTriggers(new TriggerSpec { Name = "jobs", Resource = new ResourceTrigger { ApiVersion = "v1", Kind = "pods" } }),
        Reasons.Invalid, "spec.triggers[0].resource.kind", "with a capital");

    [Fact]
    public void A_ready_image_is_a_runtime_of_its_own()
    {
        var image = new SourceSpec { Image = new ImageSource { Reference = "ghcr.io/acme/resize:1.2" } };
        var ready = new ALambda().With(spec => spec with { Runtime = Runtimes.Image, Source = image });
        Assert.Equal(Verdict.Valid, LambdaValidator.Validate(ready.Build()));
        Refused(new ALambda().WithSource(image), Reasons.Invalid, "spec.runtime", "write runtime: image");
        Refused(new ALambda().With(spec => spec with { Runtime = Runtimes.Image }), Reasons.Invalid, "spec.source", "runs a ready image");
        Refused(new ALambda().With(spec => spec with { Runtime = Runtimes.Image, Source = image, Build = new BuildSpec { Pipeline = "append" } }), Reasons.Invalid, "spec.build", "remove the field");
    }

    [Theory]
    [InlineData("nginx", true)]
    [InlineData("localhost:5000/shop/resize-1a2b3c4d:abc", true)]
    [InlineData("registry.example.com/a/b_c/d@sha256:0000000000000000000000000000000000000000000000000000000000000000", true)]
    [InlineData("https://ghcr.io/acme/resize", false)]
    [InlineData("ghcr.io/acme/Resize", false)]
    [InlineData("ghcr.io/acme/resize:", false)]
    [InlineData("ghcr.io/acme/resize@sha256:abc", false)]
    [InlineData("-nginx", false)]
    [InlineData("a b", false)]
    public void An_image_reference_has_the_form_of_one(string reference, bool valid)
    {
        var lambda = new ALambda().With(spec => spec with { Runtime = Runtimes.Image, Source = new SourceSpec { Image = new ImageSource { Reference = reference } } });
        if (valid)
            Assert.Equal(Verdict.Valid, LambdaValidator.Validate(lambda.Build()));
        else
            Refused(lambda, Reasons.Invalid, "spec.source.image.reference", "is not an image name");
    }

    [Fact]
    public void An_application_has_no_handler_and_a_build_no_Secrets()
    {
        Refused(new ALambda().With(spec => spec with { Runtime = Runtimes.Buildpack, Handler = "index.handler" }), Reasons.Invalid, "spec.handler", "$PORT");
        Refused(
            new ALambda().With(spec => spec with { Build = new BuildSpec { Env = [new EnvVar { Name = "A", ValueFrom = new() { SecretKeyRef = new() { Name = "s", Key = "k" } } }] } }),
            Reasons.Invalid, "spec.build.env[0].valueFrom", "write a value");
        Assert.True(LambdaValidator.Validate(new ALambda().With(spec => spec with
        {
            Runtime = Runtimes.Buildpack, Handler = null, Build = new BuildSpec { Env = [new EnvVar { Name = "BP_NODE_VERSION", Value = "22" }] },
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

    [Fact]
    public void Exactly_one_source_is_needed()
    {
        Refused(new ALambda().WithSource(new SourceSpec()), Reasons.Invalid, "spec.source", "no source is given");
        Refused(
            new ALambda().WithSource(new SourceSpec { Inline = new InlineSource(), Zip = new ZipSource() }),
            Reasons.Invalid, "spec.source", "inline and zip are both given");
        Refused(new ALambda().WithSource(new SourceSpec { Zip = new ZipSource() }), Reasons.Invalid, "spec.source.zip", "neither");
        Refused(new ALambda().WithSource(new SourceSpec { Zip = new ZipSource { Data = "ä!" } }), Reasons.Invalid, "spec.source.zip.data", "base64");
    }

    [Theory]
    [InlineData("../x.js", "leads out")]
    [InlineData("lib/../../x.js", "leads out")]
    [InlineData("/etc/passwd", "absolute")]
    [InlineData("C:/x.js", "absolute")]
    [InlineData("a\\..\\b.js", "backslash")]
    [InlineData("./index.js", "\".\"")]
    [InlineData("lib//x.js", "empty part")]
    [InlineData("lib/", "empty part")]
    [InlineData("", "is empty")]
    [InlineData("a\nb.js", "control character")]
    [InlineData("a\0b.js", "control character")]
    public void Paths_that_could_leave_the_source_are_refused(string path, string words) =>
        Refused(new ALambda().WithFiles("index.js", path), Reasons.Invalid, "spec.source.inline.files", words);

    [Fact]
    public void Files_that_cannot_be_there_together_are_refused()
    {
        Refused(new ALambda().WithFiles(), Reasons.Invalid, "spec.source.inline.files", "there is no file");
        Refused(new ALambda().WithFiles("lib", "lib/x.js"), Reasons.Invalid, "spec.source.inline.files", "a directory");
        Refused(new ALambda().WithFiles(new string('a', 300)), Reasons.Invalid, "spec.source.inline.files", "longer than 240");
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

    private static TriggerSpec Http(string name, string? host = null, string? path = null, string? exposure = null) =>
        new() { Name = name, Http = new HttpTrigger { Host = host, Path = path, Exposure = exposure } };

    [Fact]
    public void Triggers_have_different_names_and_exactly_one_kind()
    {
        Refused(new ALambda().WithTriggers(Http("web"), Http("web", path: "/b")), Reasons.Invalid, "spec.triggers[1].name", "another trigger");
        Refused(new ALambda().WithTriggers(new TriggerSpec { Name = "web" }), Reasons.Invalid, "spec.triggers[0]", "no kind");
        Refused(
            new ALambda().WithTriggers(new TriggerSpec { Name = "web", Http = new HttpTrigger(), Resource = new ResourceTrigger() }),
            Reasons.Invalid, "spec.triggers[0]", "both");
        Refused(new ALambda().WithTriggers(Http("a"), Http("b")), Reasons.Invalid, "spec.triggers[1].http", "those of spec.triggers[0]");
        Refused(
            new ALambda().WithTriggers(Http("a", exposure: Exposures.NodePort), Http("b", exposure: Exposures.LoadBalancer)),
            Reasons.Invalid, "spec.triggers[1].http.exposure", "has one");
    }

    [Theory]
    [InlineData("..")]
    [InlineData("/../x")]
    [InlineData("/a/./b")]
    [InlineData("//x")]
    [InlineData("/%2e%2e/x")]
    [InlineData("/healthz")]
    [InlineData("/healthz/ready")]
    [InlineData("/.well-known/acme-challenge/x")]
    [InlineData("/a;b")]
    [InlineData("/a\nb")]
    public void Paths_that_mislead_a_router_are_refused(string path) =>
        Refused(new ALambda().WithTriggers(Http("web", path: path)), Reasons.Invalid, "spec.triggers[0].http.path", "/orders");

    [Theory]
    [InlineData("Shop.Example.com")]
    [InlineData("10.0.0.1")]
    [InlineData("*.example.com")]
    [InlineData("localhost")]
    [InlineData("x.default.svc")]
    [InlineData("kubernetes.default.svc.cluster.local")]
    [InlineData("a..b")]
    [InlineData("shop.example.com\n")]
    public void Hosts_that_are_not_names_of_the_outside_are_refused(string host) =>
        Refused(new ALambda().WithTriggers(Http("web", host)), Reasons.Invalid, "spec.triggers[0].http.host", "shop.example.com");

    [Fact]
    public void Fields_without_effect_are_refused_and_not_ignored() => Refused(
        new ALambda().WithTriggers(Http("web", "shop.example.com", exposure: Exposures.NodePort)),
        Reasons.Invalid, "spec.triggers[0].http.host", "no effect with exposure NodePort");

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
