using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Controller.Validation;
using static Kublambda.Controller.Tests.Judging;

namespace Kublambda.Controller.Tests;

/// <summary><c>spec.source</c>.</summary>
public sealed class SourceRulesTests
{
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
}
