using System.Globalization;
using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Deployer.Applying;
using Kublambda.Deployer.Rendering;
using Kublambda.Hosting;
using Kublambda.Kubernetes;
using Microsoft.Extensions.Options;

namespace Kublambda.Deployer.Triggers;

/// <summary>Writes the objects of a watcher, and takes away those that are not wanted any more.</summary>
internal sealed partial class WatcherStore(
    IKubernetes client, RoleCatalog roles, WatcherCredentials credentials, IOptions<TriggerOptions> options, IOptions<RabbitMqOptions> broker,
    IConfiguration configuration, TimeProvider time, ILogger<WatcherStore> logger)
{
    private const int EndLooks = 12;
    private static readonly TimeSpan EndPause = TimeSpan.FromMilliseconds(500);
    private readonly ILogger _logger = logger;

    /// <summary>Settings that are the watcher's, as the deployer got them.</summary>
    private IEnumerable<KeyValuePair<string, string>> PassedOn =>
        configuration.GetSection("Watcher").GetChildren().Where(s => s.Value is not null).Select(s => KeyValuePair.Create($"Watcher__{s.Key}", s.Value!));

    /// <summary>Sees to it that a watcher runs that may watch what is planned.</summary>
    /// <returns>By namespace, and null for the whole cluster, why its rights cannot be given.</returns>
    /// <exception cref="StalledException">The API server refuses something.</exception>
    public async Task<IReadOnlyList<(string? Namespace, Exception Error)>> ApplyAsync(LambdaRef lambda, WatchPlan plan, CancellationToken cancellationToken)
    {
        // First, and last to go: who finds it knows that there may be more.
        await WriteAsync(WatcherRenderer.Report(lambda), cancellationToken);
        if (options.Value.Mode == TriggerOptions.Shared)
        {
            // With its rights, so that it can say what it has counted: the shared one goes on from there.
            await EndAsync(lambda, cancellationToken);
            await RemoveAsync(lambda, keepReport: true, cancellationToken);
            return [];
        }

        await WriteAsync(WatcherRenderer.Account(lambda), cancellationToken);
        var known = (await ReadAsync(lambda, cancellationToken))?.Spec.Template.Metadata.Annotations;
        var fingerprint = await credentials.EnsureAsync(lambda, known?.TryGetValue(WatcherRenderer.Credentials, out var started) == true ? started : null, cancellationToken);
        var (refused, taken) = await ApplyRolesAsync(lambda, plan, cancellationToken);
        var rights = taken ? time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture) : known?.TryGetValue(WatcherRenderer.RightsTaken, out var last) == true ? last : null;
        await WriteAsync(
            Stamp.Put(WatcherRenderer.Deployment(lambda, options.Value, broker.Value, PassedOn, fingerprint, rights)), cancellationToken);
        return refused;
    }

    /// <summary>Ends the watcher, takes its rights, and keeps all else: it may come back.</summary>
    public async Task StopAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        foreach (var role in await roles.ListAsync($"{Labels.LambdaUid}={lambda.Uid}", cancellationToken))
            await roles.DeleteAsync(role, cancellationToken);
        if (await ReadAsync(lambda, cancellationToken) is { } deployment)
            await client.DeleteAsync(Resources.Deployments with { Namespace = lambda.Namespace }, deployment, cancellationToken);
    }

    /// <summary>Ends the watcher and waits, but not for long, until its pod is gone.</summary>
    private async Task EndAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        if (await ReadAsync(lambda, cancellationToken) is not { } deployment)
            return;
        await client.DeleteAsync(Resources.Deployments with { Namespace = lambda.Namespace }, deployment, cancellationToken);
        for (var i = 0; i < EndLooks; i++)
        {
            var pods = await client.CoreV1.ListNamespacedPodAsync(lambda.Namespace, labelSelector: $"{Labels.WatcherOf}={lambda.Uid}", cancellationToken: cancellationToken);
            if (pods.Items.Count == 0)
                return;
            await Task.Delay(EndPause, time, cancellationToken);
        }
    }

    /// <summary>Takes away everything in Kubernetes.</summary>
    /// <param name="lambda">Whose.</param>
    /// <param name="keepReport">True: all but the ConfigMap.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RemoveAsync(LambdaRef lambda, bool keepReport, CancellationToken cancellationToken)
    {
        await StopAsync(lambda, cancellationToken);
        await credentials.DeleteAsync(lambda, cancellationToken);
        await GoneAsync(() => client.CoreV1.DeleteNamespacedServiceAccountAsync(Names.Watcher(lambda), lambda.Namespace, cancellationToken: cancellationToken));
        if (!keepReport)
            await GoneAsync(() => client.CoreV1.DeleteNamespacedConfigMapAsync(Names.Watcher(lambda), lambda.Namespace, cancellationToken: cancellationToken));
    }

    private Task<V1Deployment?> ReadAsync(LambdaRef lambda, CancellationToken cancellationToken) =>
        client.ReadOrNullAsync<V1Deployment>(Resources.Deployments with { Namespace = lambda.Namespace }, Names.Watcher(lambda), cancellationToken);

    /// <returns>What the API server did not let it give; and whether the watcher had more than the installation still allows. A watch that is open goes on without the right to it.</returns>
    private async Task<(IReadOnlyList<(string? Namespace, Exception Error)> Refused, bool Taken)> ApplyRolesAsync(
        LambdaRef lambda, WatchPlan plan, CancellationToken cancellationToken)
    {
        var before = await roles.ListAsync($"{Labels.LambdaUid}={lambda.Uid}", cancellationToken);
        var taken = plan.Refused.Any(trigger => trigger.Reason == Reasons.TriggerForbidden)
            && WatcherRoles.Watched(before).Except(plan.Targets.Select(target => (target.Namespace, target.Resource.Group, target.Resource.Plural))).Any();
        var refused = new List<(string?, Exception)>();
        var wanted = new HashSet<(string Kind, string? Namespace)>();
        foreach (var role in WatcherRoles.Roles(lambda, plan.Targets))
        {
            var ns = role.Metadata.NamespaceProperty;
            await TryAsync(ns, async () =>
            {
                await WriteAsync(role, cancellationToken);
                await WriteAsync(WatcherRoles.Binding(lambda, role), cancellationToken);
            });
            wanted.UnionWith([("Role", ns), ("RoleBinding", ns)]);
        }

        if (WatcherRoles.ClusterRole(lambda, plan.Targets) is { } clusterRole)
        {
            await TryAsync(null, async () =>
            {
                await WriteAsync(clusterRole, cancellationToken);
                await WriteAsync(WatcherRoles.ClusterBinding(lambda, clusterRole), cancellationToken);
            });
            wanted.UnionWith([("ClusterRole", null), ("ClusterRoleBinding", null)]);
        }

        foreach (var old in before.Where(old => !wanted.Contains((KindOf(old), old.Metadata.NamespaceProperty))))
        {
            LogDelete(KindOf(old), old.Metadata.NamespaceProperty);
            await roles.DeleteAsync(old, cancellationToken);
        }

        return (refused, taken);

        async Task TryAsync(string? ns, Func<Task> write)
        {
            try
            {
                await write();
            }
            catch (Exception e) when (e is StalledException or WaitingException)
            {
                LogRefused(ns ?? "the cluster", e.Message);
                refused.Add((ns, e));
            }
        }
    }

    private async Task WriteAsync<T>(T item, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            await client.ApplyAsync(item, ForeignFields.FieldManager, cancellationToken);
        }
        catch (HttpOperationException e)
        {
            throw Faults.Of(e, $"{item.Kind} {item.Metadata.NamespaceProperty}/{item.Metadata.Name}");
        }
    }

    private static string KindOf(IKubernetesObject<V1ObjectMeta> item) => item switch
    {
        V1Role => "Role",
        V1RoleBinding => "RoleBinding",
        V1ClusterRole => "ClusterRole",
        _ => "ClusterRoleBinding",
    };

    private static async Task GoneAsync<T>(Func<Task<T>> delete)
    {
        try
        {
            await delete();
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            // As wanted.
        }
    }

    [LoggerMessage(LogLevel.Information, "Delete {Kind} in {Namespace}: no trigger watches there any more")]
    private partial void LogDelete(string kind, string? @namespace);

    [LoggerMessage(LogLevel.Warning, "The watcher gets no rights in {Namespace}: {Why}")]
    private partial void LogRefused(string @namespace, string why);
}
