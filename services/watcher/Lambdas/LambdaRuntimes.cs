using System.Collections.Concurrent;
using System.Text.Json;
using k8s.Autorest;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Kubernetes;
using Kublambda.Triggers;

namespace Kublambda.Watcher.Lambdas;

/// <summary>The <see cref="LambdaRuntime"/> of each Lambda; and where they are reported: the ConfigMap that the deployer has made for it.</summary>
internal sealed class LambdaRuntimes(RawApi api)
{
    private readonly ConcurrentDictionary<string, LambdaRuntime> _all = new(StringComparer.Ordinal);

    public LambdaRuntime? Find(string uid) => _all.GetValueOrDefault(uid);

    /// <summary>At the first call the counters go on from what was reported last. The caller holds the lock of the Lambda, so nobody else counts.</summary>
    public async Task<LambdaRuntime> GetAsync(LambdaRef lambda, CancellationToken cancellationToken) =>
        Find(lambda.Uid) ?? _all.GetOrAdd(lambda.Uid, new LambdaRuntime(lambda.Uid, await ReadAsync(lambda, cancellationToken)));

    /// <summary>One that only says what was counted: while another watcher may still count.</summary>
    public async Task<LambdaRuntime> PeekAsync(LambdaRef lambda, CancellationToken cancellationToken) =>
        Find(lambda.Uid) ?? new LambdaRuntime(lambda.Uid, await ReadAsync(lambda, cancellationToken));

    public void Forget(string uid) => _all.TryRemove(uid, out _);

    /// <exception cref="HttpOperationException">The API server refused it: for example, the ConfigMap is not there yet.</exception>
    public Task ReportAsync(LambdaRef lambda, IEnumerable<TriggerStatus> reports, CancellationToken cancellationToken)
    {
        var data = new Dictionary<string, string> { [TriggerReports.Key] = TriggerReports.Write(reports) };
        return api.PatchAsync(Path(lambda), "application/merge-patch+json", JsonSerializer.Serialize(new { data }), cancellationToken);
    }

    private async Task<IReadOnlyList<TriggerStatus>> ReadAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await api.GetAsync(Path(lambda), cancellationToken);
            using var map = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            return map.RootElement.TryGetProperty("data", out var data) && data.TryGetProperty(TriggerReports.Key, out var text)
                ? TriggerReports.Read(text.GetString())
                : [];
        }
        catch (Exception e) when (e is HttpOperationException or HttpRequestException or IOException or JsonException)
        {
            // Counters are not worth waiting for.
            return [];
        }
    }

    private static string Path(LambdaRef lambda) =>
        new ResourceQuery("", "v1", "configmaps") { Namespace = lambda.Namespace }.ObjectPath(Names.Watcher(lambda));
}
