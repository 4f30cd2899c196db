using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Xml.Linq;
using Kublambda.Builder.Buildpacks;
using Kublambda.Contracts.Resources;
using Kublambda.Tests;

namespace Kublambda.Builder.Tests;

/// <summary>Handlers as applications, which are really built and started here, as the buildpacks of their language would.</summary>
public sealed class ScaffoldTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_Node_handler_listens_on_PORT_when_its_entry_is_started()
    {
        using var app = new TemporaryDirectory();
        await WriteAsync(app, "orders.js", "exports.create = (req) => `made ${req.query.item}`");
        await Scaffold.WriteAsync(Runtimes.Nodejs, app.Path, Stop);
        Assert.Equal("made tea", await AnswerAsync(app.Path, "orders.create", "node", "server.js"));
    }

    [Fact]
    public async Task A_Python_handler_listens_on_PORT_when_its_Procfile_is_followed()
    {
        using var app = new TemporaryDirectory();
        await WriteAsync(app, "orders.py", "def create(request):\n    return f'made {request.args[\"item\"]}'\n");
        await Scaffold.WriteAsync(Runtimes.Python, app.Path, Stop);
        var command = (await File.ReadAllTextAsync(Path.Combine(app.Path, "Procfile"), Stop)).Split(": ", 2)[1].Replace("/workspace", app.Path, StringComparison.Ordinal);
        Assert.Equal("made tea", await AnswerAsync(app.Path, "orders.create", "sh", "-c", $"exec {command}"));
    }

    [Fact]
    public async Task A_NET_handler_without_a_project_is_published_and_listens_on_PORT()
    {
        using var app = new TemporaryDirectory();
        await WriteAsync(app, "Orders.cs", """
            namespace Shop;

            public static class Orders
            {
                public static string Create(string item) => $"made {item}";
            }
            """);
        await Scaffold.WriteAsync(Runtimes.Dotnet, app.Path, Stop);
        var output = Path.Combine(app.Path, "published");
        // As Paketo's dotnet-publish calls it.
        using var publish = Start(app.Path, [], "dotnet", "publish", app.Path, "--configuration", "Release", "--runtime", "linux-x64", "--self-contained", "false", "--output", output);
        var log = await publish.StandardOutput.ReadToEndAsync(Stop);
        await publish.WaitForExitAsync(Stop);
        Assert.True(publish.ExitCode == 0, log);
        // dotnet-execute starts what the only *.runtimeconfig.json names.
        var name = Path.GetFileName(Assert.Single(Directory.GetFiles(output, "*.runtimeconfig.json"))).Split('.')[0];
        Assert.Equal("made tea", await AnswerAsync(output, "Shop.Orders.Create", "dotnet", $"{name}.dll"));
    }

    [Fact]
    public async Task A_NET_project_of_the_source_moves_beside_the_application_and_what_the_SDK_looks_for_stays()
    {
        using var app = new TemporaryDirectory();
        await WriteAsync(app, "Shop.csproj", "<Project/>");
        await WriteAsync(app, "function/Orders.cs", "x");
        await WriteAsync(app, "NuGet.config", "<configuration/>");
        await WriteAsync(app, "global.json", "{}");
        await Scaffold.WriteAsync(Runtimes.Dotnet, app.Path, Stop);
        Assert.Equal([".kublambda", "NuGet.config", "app.csproj", "function", "global.json"], Directory.EnumerateFileSystemEntries(app.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(["Shop.csproj", "function"], Directory.EnumerateFileSystemEntries(Path.Combine(app.Path, "function")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.True(File.Exists(Path.Combine(app.Path, "function", "function", "Orders.cs")));
    }

    [Fact]
    public async Task Two_NET_projects_in_the_root_are_refused_by_name()
    {
        using var app = new TemporaryDirectory();
        await WriteAsync(app, "A.csproj", "<Project/>");
        await WriteAsync(app, "B.fsproj", "<Project/>");
        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => Scaffold.WriteAsync(Runtimes.Dotnet, app.Path, Stop));
        Assert.Contains("A.csproj, B.fsproj", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_NET_application_takes_the_packages_that_the_invoker_is_built_with()
    {
        using var app = new TemporaryDirectory();
        await Scaffold.WriteAsync(Runtimes.Dotnet, app.Path, Stop);
        var versions = XDocument.Load(Path.Combine(Checkout.Root(), "Directory.Packages.props")).Descendants("PackageVersion").ToDictionary(p => p.Attribute("Include")!.Value, p => p.Attribute("Version")!.Value);
        var references = XDocument.Load(Path.Combine(app.Path, "app.csproj")).Descendants("PackageReference").ToList();
        Assert.NotEmpty(references);
        Assert.All(references, r => Assert.Equal(versions[r.Attribute("Include")!.Value], r.Attribute("Version")!.Value));
    }

    private static async Task<string> AnswerAsync(string directory, string target, string program, params string[] arguments)
    {
        var (port, admin) = (FreePort(), FreePort());
        Dictionary<string, string> environment = new()
        {
            ["PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["ADMIN_PORT"] = admin.ToString(CultureInfo.InvariantCulture),
            ["LISTEN_ADDRESS"] = "127.0.0.1",
            ["FUNCTION_TARGET"] = target,
            ["KUBLAMBDA_TERMINATION_LOG"] = Path.Combine(directory, "termination-log"),
        };
        using var process = Start(directory, environment, program, arguments);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        using var http = new HttpClient();
        try
        {
            for (var tries = 0; ; tries++)
            {
                Assert.False(process.HasExited, $"{program} has ended with {(process.HasExited ? process.ExitCode : 0)}.");
                try
                {
                    return await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/?item=tea"), Stop);
                }
                catch (HttpRequestException) when (tries < 600)
                {
                    await Task.Delay(100, Stop);
                }
            }
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(Stop);
        }
    }

    private static Process Start(string directory, Dictionary<string, string> environment, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        return Process.Start(start)!;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task WriteAsync(TemporaryDirectory directory, string path, string text)
    {
        var full = Path.Combine(directory.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        await File.WriteAllTextAsync(full, text, Stop);
    }
}
