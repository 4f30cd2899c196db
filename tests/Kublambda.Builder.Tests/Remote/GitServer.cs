using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>A git server on 127.0.0.1: git's own <c>http-backend</c> behind Kestrel, with one bare repository <c>app.git</c> that tests commit to.</summary>
internal sealed class GitServer : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("kublambda-gitserver-").FullName;
    private readonly WebApplication _app;

    private GitServer(X509Certificate2? certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        builder.WebHost.UseKestrelHttpsConfiguration();
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>Answers a request instead of git, where it returns true.</summary>
    public Func<HttpContext, bool> Intercept { get; set; } = _ => false;

    /// <summary>Keeps whoever asks waiting.</summary>
    public bool Hang { get; set; }

    /// <summary>Paths asked for, with their Authorization header.</summary>
    public List<(string Path, string? Authorization)> Asked { get; } = [];

    public string Url => $"{_app.Urls.First()}/app.git";

    public string Repository => Path.Combine(_root, "app.git");

    /// <param name="certificate">For https.</param>
    public static async Task<GitServer> StartAsync(X509Certificate2? certificate = null)
    {
        var server = new GitServer(certificate);
        await server.RunAsync(null, null, ["init", "--quiet", "--bare", "--initial-branch=main", server.Repository]);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>Makes a commit of these files, all of them, and moves a branch to it.</summary>
    /// <param name="branch">The branch.</param>
    /// <param name="files">Path and content; mode 120000 with a link's target, or 160000, before a colon in the path.</param>
    /// <returns>The commit.</returns>
    public async Task<string> CommitAsync(string branch, params (string Path, string Content)[] files)
    {
        var index = Path.Combine(_root, $"index-{Guid.NewGuid():N}");
        foreach (var (path, content) in files)
        {
            var (mode, name) = path.Split(':') is [var m, var n] ? (m, n) : ("100644", path);
            var id = mode == "160000" ? new string('1', 40) : await GitAsync(index, content, "hash-object", "-w", "--stdin");
            await GitAsync(index, null, "update-index", "--add", "--cacheinfo", $"{mode},{id},{name}");
        }

        var tree = await GitAsync(index, null, "write-tree");
        return await CommitTreeAsync(branch, tree);
    }

    /// <summary>Commits a tree that git itself would not make: entries as <c>mktree</c> reads them.</summary>
    public async Task<string> CommitTreeAsync(string branch, string tree)
    {
        var commit = await GitAsync(null, "message", "commit-tree", tree);
        await GitAsync(null, null, "update-ref", $"refs/heads/{branch}", commit);
        return commit;
    }

    /// <summary>Runs git on the repository.</summary>
    /// <param name="index">Index file, where the command needs one.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>What it wrote.</returns>
    public Task<string> GitAsync(string? index, string? input, params string[] arguments) => RunAsync(index, input, ["--git-dir", Repository, .. arguments]);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    private async Task<string> RunAsync(string? index, string? input, string[] arguments)
    {
        using var git = Git(arguments);
        git.StartInfo.Environment["GIT_AUTHOR_NAME"] = git.StartInfo.Environment["GIT_COMMITTER_NAME"] = "Test";
        git.StartInfo.Environment["GIT_AUTHOR_EMAIL"] = git.StartInfo.Environment["GIT_COMMITTER_EMAIL"] = "test@example.com";
        if (index is not null)
            git.StartInfo.Environment["GIT_INDEX_FILE"] = index;
        git.Start();
        await git.StandardInput.WriteAsync(input);
        git.StandardInput.Close();
        var error = git.StandardError.ReadToEndAsync();
        var output = await git.StandardOutput.ReadToEndAsync();
        await git.WaitForExitAsync();
        return git.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {await error}");
    }

    private Process Git(params IEnumerable<string> arguments)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo("git", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _root },
        };
        process.StartInfo.Environment["HOME"] = _root;
        process.StartInfo.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        return process;
    }

    // Common Gateway Interface, RFC 3875.
    private async Task HandleAsync(HttpContext context)
    {
        lock (Asked)
            Asked.Add((context.Request.Path, context.Request.Headers.Authorization));
        if (Intercept(context))
            return;
        if (Hang)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }

        using var git = Git("-c", "safe.directory=*", "http-backend");
        var environment = git.StartInfo.Environment;
        environment["GIT_PROJECT_ROOT"] = _root;
        environment["GIT_HTTP_EXPORT_ALL"] = "1";
        environment["PATH_INFO"] = context.Request.Path;
        environment["QUERY_STRING"] = context.Request.QueryString.Value?.TrimStart('?');
        environment["REQUEST_METHOD"] = context.Request.Method;
        environment["CONTENT_TYPE"] = context.Request.ContentType;
        environment["GIT_PROTOCOL"] = context.Request.Headers["Git-Protocol"].ToString();
        environment["HTTP_CONTENT_ENCODING"] = context.Request.Headers.ContentEncoding.ToString();
        git.Start();
        await context.Request.Body.CopyToAsync(git.StandardInput.BaseStream);
        git.StandardInput.Close();
        _ = git.StandardError.ReadToEndAsync();
        var output = git.StandardOutput.BaseStream;
        for (var line = await LineAsync(output); line.Length > 0; line = await LineAsync(output))
        {
            var (name, value) = (line[..line.IndexOf(':', StringComparison.Ordinal)], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
            if (name == "Status")
                context.Response.StatusCode = int.Parse(value.Split(' ')[0], CultureInfo.InvariantCulture);
            else
                context.Response.Headers[name] = value;
        }

        await output.CopyToAsync(context.Response.Body);
        await git.WaitForExitAsync();
    }

    private static async Task<string> LineAsync(Stream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one) == 1 && one[0] != '\n')
            line.Append((char)one[0]);
        return line.ToString().TrimEnd('\r');
    }
}
