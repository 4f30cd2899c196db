using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using k8s;
using Kublambda.Contracts.Resources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kublambda.Watcher.ClusterTests;

/// <summary>
/// In front of the real API server: all goes through to it, but Lambdas, which are the test's: the installation in the cluster shall not
/// build them. And it has faults when a test wants them.
/// </summary>
public sealed class ApiProxy(k8s.Kubernetes upstream) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Lambda> _lambdas = new();
    private readonly ConcurrentDictionary<Channel<string>, bool> _watchers = new();
    private readonly ConcurrentDictionary<HttpContext, bool> _open = new();
    private WebApplication? _app;
    private long _version = 1;

    public string Address { get; private set; } = "";

    /// <summary>No connection is answered.</summary>
    public bool Down { get; set; }

    /// <summary>Watches from before this moment are answered with 410, as after a restart of the API server.</summary>
    public ulong ForgottenBefore { get; set; }

    /// <summary>Lists of moments before this one are answered with 410, as after etcd was compacted.</summary>
    public ulong CompactedBefore { get; set; }

    /// <summary>Requests that the API server would refuse with 403.</summary>
    public Func<HttpRequest, bool> Forbidden { get; set; } = _ => false;

    /// <summary>Paths of lists and watches that came by.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public async Task<ApiProxy> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(HandleAsync);
        await _app.StartAsync();
        Address = _app.Urls.First();
        return this;
    }

    /// <summary>A kubeconfig for this address.</summary>
    public string WriteKubeconfig()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, $$"""
            apiVersion: v1
            kind: Config
            clusters: [{name: proxy, cluster: {server: "{{Address}}" } }]
            users: [{name: nobody, user: {token: test} }]
            contexts: [{name: proxy, context: {cluster: proxy, user: nobody} }]
            current-context: proxy
            """);
        return path;
    }

    /// <summary>Breaks all connections.</summary>
    public void Cut()
    {
        foreach (var context in _open.Keys)
            context.Abort();
    }

    public void Put(Lambda lambda)
    {
        lambda.Metadata.ResourceVersion = $"{Interlocked.Increment(ref _version)}";
        var type = _lambdas.ContainsKey(lambda.Metadata.Uid) ? "MODIFIED" : "ADDED";
        _lambdas[lambda.Metadata.Uid] = lambda;
        Tell(type, lambda);
    }

    public void Remove(Lambda lambda)
    {
        _lambdas.TryRemove(lambda.Metadata.Uid, out _);
        lambda.Metadata.ResourceVersion = $"{Interlocked.Increment(ref _version)}";
        Tell("DELETED", lambda);
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        if (_app is not null)
            await _app.DisposeAsync();
    }

    private void Tell(string type, Lambda lambda)
    {
        foreach (var watcher in _watchers.Keys)
            watcher.Writer.TryWrite($$"""{"type":"{{type}}","object":{{KubernetesJson.Serialize(lambda)}}}""");
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (Down)
        {
            context.Abort();
            return;
        }

        _open[context] = true;
        try
        {
            Asked.Enqueue(context.Request.Path + context.Request.QueryString);
            if (context.Request.Path.Value!.EndsWith("/lambdas", StringComparison.Ordinal))
                await LambdasAsync(context);
            else if (Forbidden(context.Request))
                await RefuseAsync(context, 403, "Forbidden", "the test does not let you");
            else if (context.Request.Query["watch"] == "1" && ulong.Parse(context.Request.Query["resourceVersion"]!, null) < ForgottenBefore)
                await RefuseAsync(context, 410, "Expired", $"too old resource version: {context.Request.Query["resourceVersion"]} ({ForgottenBefore})");
            else if (context.Request.Query["resourceVersionMatch"] == "Exact" && ulong.Parse(context.Request.Query["resourceVersion"]!, null) < CompactedBefore)
                await RefuseAsync(context, 410, "Expired", "The resourceVersion for the provided list is too old.");
            else
                await ForwardAsync(context);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException)
        {
            context.Abort();
        }
        finally
        {
            _open.TryRemove(context, out _);
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string reason, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { kind = "Status", apiVersion = "v1", status = "Failure", message, reason, code = status });
    }

    private async Task LambdasAsync(HttpContext context)
    {
        if (context.Request.Query["watch"] != "1")
        {
            var items = string.Join(',', _lambdas.Values.Select(each => KubernetesJson.Serialize(each)));
            await context.Response.WriteAsync($$"""{"kind":"LambdaList","apiVersion":"kublambda.dev/v1alpha1","metadata":{"resourceVersion":"{{_version}}"},"items":[{{items}}]}""");
            return;
        }

        var changes = Channel.CreateUnbounded<string>();
        _watchers[changes] = true;
        foreach (var lambda in _lambdas.Values)
            changes.Writer.TryWrite($$"""{"type":"MODIFIED","object":{{KubernetesJson.Serialize(lambda)}}}""");
        try
        {
            await foreach (var line in changes.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync(line + "\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        finally
        {
            _watchers.TryRemove(changes, out _);
        }
    }

    private async Task ForwardAsync(HttpContext context)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(upstream.BaseUri, context.Request.Path + context.Request.QueryString));
        request.Version = HttpVersion.Version11;
        request.Headers.TryAddWithoutValidation("Accept", context.Request.Headers.Accept.ToString());
        if (context.Request.ContentLength > 0)
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        }

        using var response = await upstream.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        await using var body = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        var buffer = new byte[64 * 1024];
        await context.Response.Body.FlushAsync(context.RequestAborted);
        for (int read; (read = await body.ReadAsync(buffer, context.RequestAborted)) > 0;)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }
}
