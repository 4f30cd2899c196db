using System.Text.Json;
using System.Text.Json.Nodes;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Buildpacks;

/// <summary>
/// Makes a handler into an application that the Paketo buildpacks of its language detect: the runtime's own invoker beside it, what starts that (a Procfile,
/// for .NET a project), and the file by which the buildpack knows the language where the source does not have it. Sources of
/// <c>runtime: buildpack</c> are applications already, and stay as they are.
/// </summary>
public static class Scaffold
{
    /// <summary>Where the invoker lies, in the application.</summary>
    public const string Directory = ".kublambda";
    private const string Resources = "scaffold/";
    private const string Procfile = "Procfile";

    // By which Paketo's node-start detects; https://paketo.io/docs/howto/nodejs
    private static readonly string[] NodeEntries = ["server.js", "app.js", "main.js", "index.js"];
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <param name="runtime"><c>spec.runtime</c>.</param>
    /// <param name="application">The directory of the source.</param>
    /// <exception cref="InvalidDataException">There is no scaffold for the runtime, or the source takes its place.</exception>
    public static async Task WriteAsync(string runtime, string application, CancellationToken cancellationToken)
    {
        switch (runtime)
        {
            case Runtimes.Buildpack:
                return;
            case Runtimes.Nodejs:
                await InvokerAsync(runtime, application, cancellationToken);
                await NodeAsync(application, cancellationToken);
                await StartAsync(application, "node", "invoker.js", cancellationToken);
                return;
            case Runtimes.Python:
                await InvokerAsync(runtime, application, cancellationToken);
                await PythonAsync(application, cancellationToken);
                await StartAsync(application, "python3", "invoker.py", cancellationToken);
                return;
            case Runtimes.Dotnet:
                await InvokerAsync(runtime, application, cancellationToken);
                DotnetScaffold.Write(application, Project);
                return;
            default:
                throw new InvalidDataException($"Handlers of the runtime \"{runtime}\" cannot be built with buildpacks. Take another pipeline, or runtime: {Runtimes.Buildpack} for a whole application.");
        }
    }

    private static async Task InvokerAsync(string runtime, string application, CancellationToken cancellationToken)
    {
        var root = Path.Combine(application, Directory);
        if (System.IO.Directory.Exists(root) || File.Exists(root))
            throw new InvalidDataException($"The source has a \"{Directory}\" of its own, which is where Kublambda puts its invoker: give it another name.");
        var assembly = typeof(Scaffold).Assembly;
        var prefix = $"{Resources}{runtime}/";
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var path = Path.Combine(root, name[prefix.Length..].Replace('\\', '/'));
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var resource = assembly.GetManifestResourceStream(name)!;
            await using var file = File.Create(path);
            await resource.CopyToAsync(file, cancellationToken);
        }
    }

    private static string Project(string name)
    {
        using var reader = new StreamReader(typeof(Scaffold).Assembly.GetManifestResourceStream($"project/{name}")!);
        return reader.ReadToEnd();
    }

    /// <summary>A Procfile starts the invoker whatever the buildpacks of the language would start. The application lies in /workspace.</summary>
    private static async Task StartAsync(string application, string program, string invoker, CancellationToken cancellationToken)
    {
        var path = Path.Combine(application, Procfile);
        if (!File.Exists(path))
            await File.WriteAllTextAsync(path, $"web: env FUNCTION_SOURCE=/workspace {program} /workspace/{Directory}/{invoker}\n", cancellationToken);
    }

    private static async Task NodeAsync(string application, CancellationToken cancellationToken)
    {
        if (!NodeEntries.Any(e => File.Exists(Path.Combine(application, e))))
            await File.WriteAllTextAsync(Path.Combine(application, NodeEntries[0]), $"process.env.FUNCTION_SOURCE ??= __dirname;\nrequire('./{Directory}/invoker.js');\n", cancellationToken);
        var path = Path.Combine(application, "package.json");
        if (!File.Exists(path))
            return;
        JsonNode? package;
        try
        {
            package = JsonNode.Parse(await File.ReadAllTextAsync(path, cancellationToken));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"package.json is no JSON: {e.Message}");
        }

        // npm-start detects by a start script, and npm-install counts on it.
        if (package is not JsonObject root || root["scripts"] is JsonObject { } given && given.ContainsKey("start"))
            return;
        if (root["scripts"] is not JsonObject scripts)
            root["scripts"] = scripts = [];
        scripts["start"] = $"node {Directory}/invoker.js";
        await File.WriteAllTextAsync(path, root.ToJsonString(Indented), cancellationToken);
    }

    private static async Task PythonAsync(string application, CancellationToken cancellationToken)
    {
        // What the invoker itself needs; the runtime's image has it, the buildpacks' has not.
        var path = Path.Combine(application, "requirements.txt");
        var lines = File.Exists(path) ? await File.ReadAllLinesAsync(path, cancellationToken) : [];
        if (!lines.Any(l => l.TrimStart().StartsWith("flask", StringComparison.OrdinalIgnoreCase)))
            await File.WriteAllLinesAsync(path, [.. lines, "flask>=3.0,<3.2"], cancellationToken);
    }
}
