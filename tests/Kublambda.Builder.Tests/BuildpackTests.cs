using System.Text.Json.Nodes;
using Kublambda.Builder.Buildpacks;
using Kublambda.Builder.Builds;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Tests;

/// <summary>Handlers as applications, and what a lifecycle is told besides.</summary>
public sealed class BuildpackTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_Node_handler_becomes_an_application_that_starts_the_invoker()
    {
        using var app = new TemporaryDirectory();
        await WriteAsync(app, "lib/orders.js", "exports.create = () => 1");
        await Scaffold.WriteAsync(Runtimes.Nodejs, app.Path, Stop);
        Assert.Equal("web: env FUNCTION_SOURCE=/workspace node /workspace/.kublambda/invoker.js\n", await ReadAsync(app, "Procfile"));
        // By one of these files Paketo knows Node.
        Assert.Equal("process.env.FUNCTION_SOURCE ??= __dirname;\nrequire('./.kublambda/invoker.js');\n", await ReadAsync(app, "server.js"));
        Assert.True(File.Exists(Path.Combine(app.Path, ".kublambda", "invoker.js")));
        Assert.True(File.Exists(Path.Combine(app.Path, ".kublambda", "lib", "server.js")));
        Assert.False(File.Exists(Path.Combine(app.Path, "package.json")));
    }

    [Fact]
    public async Task A_package_gets_a_start_script_and_keeps_its_own()
    {
        using var app = new TemporaryDirectory();
        await WriteAsync(app, "index.js", "x");
        await WriteAsync(app, "package.json", """{"name":"mine","dependencies":{"a":"1"}}""");
        await Scaffold.WriteAsync(Runtimes.Nodejs, app.Path, Stop);
        var package = JsonNode.Parse(await ReadAsync(app, "package.json"))!;
        Assert.Equal(("mine", "node .kublambda/invoker.js"), (package["name"]!.GetValue<string>(), package["scripts"]!["start"]!.GetValue<string>()));
        Assert.False(File.Exists(Path.Combine(app.Path, "server.js")));

        using var own = new TemporaryDirectory();
        await WriteAsync(own, "package.json", """{"scripts":{"start":"mine"}}""");
        await WriteAsync(own, "Procfile", "web: mine\n");
        await Scaffold.WriteAsync(Runtimes.Nodejs, own.Path, Stop);
        Assert.Equal("""{"scripts":{"start":"mine"}}""", await ReadAsync(own, "package.json"));
        Assert.Equal("web: mine\n", await ReadAsync(own, "Procfile"));
    }

    [Theory]
    [InlineData(null, "flask>=3.0,<3.2\n")]
    [InlineData("requests\n", "requests\nflask>=3.0,<3.2\n")]
    [InlineData("Flask==3.1\n", "Flask==3.1\n")]
    public async Task A_Python_handler_brings_the_invokers_requirement(string? given, string expected)
    {
        using var app = new TemporaryDirectory();
        await WriteAsync(app, "main.py", "def handler(request): return 'x'");
        if (given is not null)
            await WriteAsync(app, "requirements.txt", given);
        await Scaffold.WriteAsync(Runtimes.Python, app.Path, Stop);
        Assert.Equal(expected, await ReadAsync(app, "requirements.txt"));
        Assert.Equal("web: env FUNCTION_SOURCE=/workspace python3 /workspace/.kublambda/invoker.py\n", await ReadAsync(app, "Procfile"));
        Assert.True(File.Exists(Path.Combine(app.Path, ".kublambda", "kublambda_invoker", "loader.py")));
    }

    [Fact]
    public async Task An_application_stays_as_it_is_and_what_cannot_become_one_is_refused()
    {
        using var app = new TemporaryDirectory();
        await WriteAsync(app, "main.go", "package main");
        await Scaffold.WriteAsync(Runtimes.Buildpack, app.Path, Stop);
        Assert.Equal(["main.go"], Directory.EnumerateFileSystemEntries(app.Path).Select(Path.GetFileName));
        await Assert.ThrowsAsync<InvalidDataException>(() => Scaffold.WriteAsync(Runtimes.Image, app.Path, Stop));
        await WriteAsync(app, ".kublambda/x", "mine");
        await Assert.ThrowsAsync<InvalidDataException>(() => Scaffold.WriteAsync(Runtimes.Nodejs, app.Path, Stop));
    }

    [Fact]
    public async Task The_lifecycle_finds_variables_labels_and_the_trust_bundle()
    {
        using var platform = new TemporaryDirectory();
        var environment = new Dictionary<string, string> { [BuildPod.BuildEnvNames] = "BP_NODE_VERSION,BP_IMAGE_LABELS", ["BP_NODE_VERSION"] = "22", ["BP_IMAGE_LABELS"] = "mine=1", ["SECRET"] = "no" };
        await using var error = new StringWriter();
        Assert.Equal(0, await PlatformCommand.RunAsync(["--label=dev.kublambda.lambda=shop/resize", platform.Path], environment.GetValueOrDefault, error));
        Assert.Equal("22", await ReadAsync(platform, "env/BP_NODE_VERSION"));
        Assert.Equal("mine=1 dev.kublambda.lambda=shop/resize", await ReadAsync(platform, "env/BP_IMAGE_LABELS"));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(platform.Path, "env")).Length);
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("a b")]
    [InlineData("A\nB")]
    public async Task A_name_that_is_no_variable_writes_no_file(string name)
    {
        using var platform = new TemporaryDirectory();
        await using var error = new StringWriter();
        Assert.Equal(1, await PlatformCommand.RunAsync([platform.Path], n => n == BuildPod.BuildEnvNames ? name : "x", error));
        Assert.Empty(Directory.GetFiles(platform.Path, "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("--label=a=b c")]
    [InlineData("--label=a")]
    [InlineData("--unknown")]
    public async Task A_label_that_could_be_read_as_two_is_refused(string label)
    {
        using var platform = new TemporaryDirectory();
        await using var error = new StringWriter();
        Assert.Equal(2, await PlatformCommand.RunAsync([label, platform.Path], _ => null, error));
    }

    private static async Task WriteAsync(TemporaryDirectory directory, string path, string text)
    {
        var full = Path.Combine(directory.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        await File.WriteAllTextAsync(full, text, Stop);
    }

    private static Task<string> ReadAsync(TemporaryDirectory directory, string path) => File.ReadAllTextAsync(Path.Combine(directory.Path, path), Stop);
}
