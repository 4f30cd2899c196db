using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Deployer.Rendering;
using Kublambda.Hosting.Logs;

namespace Kublambda.Deployer.Observing;

/// <summary>Looks up what a failing pod's status does not say: its log and its events.</summary>
internal sealed class PodInspector(IKubernetes client)
{
    /// <summary>Far more than is kept: the lines may be long, and the last ones count.</summary>
    private const int MostLogBytes = 1024 * 1024;

    public async Task<PodDetails> InspectAsync(PodFailure failure, CancellationToken cancellationToken) => new(
        failure.Log == LogOf.None ? null : await LogAsync(failure, cancellationToken),
        failure.WantsEvents ? await EventsAsync(failure.Pod, cancellationToken) : []);

    private async Task<string?> LogAsync(PodFailure failure, CancellationToken cancellationToken)
    {
        try
        {
            var stream = await client.CoreV1.ReadNamespacedPodLogAsync(
                failure.Pod.Metadata.Name, failure.Pod.Metadata.NamespaceProperty, container: FunctionContainer.Name,
                previous: failure.Log == LogOf.Previous, tailLines: Contracts.Limits.LogTailLines, limitBytes: MostLogBytes,
                cancellationToken: cancellationToken);
            await using (stream)
            {
                using var reader = new StreamReader(stream);
                return LogTail.Of(await reader.ReadToEndAsync(cancellationToken), SecretsOf(failure.Pod));
            }
        }
        catch (Exception e) when (e is HttpOperationException or HttpRequestException or IOException)
        {
            // The container or its node may be gone by now; the reason is known without the log.
            return null;
        }
    }

    private static IEnumerable<string> SecretsOf(V1Pod pod) =>
        pod.Spec.Containers.SelectMany(c => c.Env ?? []).Where(e => LogSecrets.SaysSecret(e.Name)).Select(e => e.Value).OfType<string>();

    private async Task<IReadOnlyList<string>> EventsAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            var events = await client.CoreV1.ListNamespacedEventAsync(
                pod.Metadata.NamespaceProperty, fieldSelector: $"involvedObject.uid={pod.Metadata.Uid},type=Warning", limit: 50,
                cancellationToken: cancellationToken);
            return
            [
                .. events.Items.Where(e => e.Message is { Length: > 0 } m && !m.StartsWith("Error: ", StringComparison.Ordinal))
                    .OrderByDescending(e => e.LastTimestamp ?? e.EventTime ?? DateTime.MinValue).Select(e => e.Message),
            ];
        }
        catch (Exception e) when (e is HttpOperationException or HttpRequestException)
        {
            return [];
        }
    }
}
