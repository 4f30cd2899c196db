using System.Net;
using System.Text.Json.Nodes;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Kubernetes;

namespace Kublambda.Deployer.Applying;

/// <summary>Reads a Lambda's objects from the API server, never from a cache, and carries out single steps.</summary>
internal sealed class WorkloadStore(IKubernetes client, ApiDiscovery discovery)
{
    private const string AutoscalingGroup = "autoscaling";

    /// <summary>Newest first. Their specs are the same in all that is used here.</summary>
    private static readonly string[] AutoscalingVersions = ["v2", "v2beta2"];

    /// <summary><c>autoscaling/v2</c> or <c>autoscaling/v2beta2</c>; null where the cluster has neither.</summary>
    public async Task<string?> AutoscalingVersionAsync(CancellationToken cancellationToken)
    {
        foreach (var version in AutoscalingVersions)
        {
            if (await discovery.ExistsAsync(AutoscalingGroup, version, Resources.Autoscalers.Plural, cancellationToken))
                return $"{AutoscalingGroup}/{version}";
        }

        return null;
    }

    public async Task<LiveWorkload> ReadAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        var version = await AutoscalingVersionAsync(cancellationToken);
        var name = Names.Workload(lambda);
        var service = ReadAsync<V1Service>(Resources.Services);
        var ingress = ReadAsync<V1Ingress>(Resources.Ingresses);
        var autoscaler = version is null
            ? Task.FromResult<V2HorizontalPodAutoscaler?>(null)
            : ReadAsync<V2HorizontalPodAutoscaler>(Resources.Autoscalers with { Version = version[(AutoscalingGroup.Length + 1)..] });
        await Task.WhenAll(service, ingress, autoscaler);
        return new LiveWorkload
        {
            // Last, as it is written first, and says what all are rendered from: what another replica does meanwhile is never seen
            // as an old Deployment beside newer objects.
            Deployment = await ReadAsync<V1Deployment>(Resources.Deployments),
            Service = await service,
            Autoscaler = await autoscaler,
            Ingress = await ingress,
        };

        Task<T?> ReadAsync<T>(ResourceQuery resource)
            where T : class, IKubernetesObject<V1ObjectMeta> =>
            client.ReadOrNullAsync<T>(resource with { Namespace = lambda.Namespace }, name, cancellationToken);
    }

    /// <exception cref="StalledException">The API server refuses it.</exception>
    /// <exception cref="WaitingException">It may succeed later.</exception>
    public async Task ExecuteAsync(Step step, CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                await WriteAsync(step, cancellationToken);
            }
            catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Conflict && step.Kind == StepKind.Apply)
            {
                // Another replica made it in the same moment: now there is something to apply to.
                await WriteAsync(step, cancellationToken);
            }
        }
        catch (HttpOperationException e)
        {
            throw Faults.Of(e, $"{step.Object.Kind} {step.Object.Metadata.NamespaceProperty}/{step.Object.Metadata.Name}");
        }
    }

    private Task WriteAsync(Step step, CancellationToken cancellationToken) => step switch
    {
        { Kind: StepKind.Delete } => client.DeleteAsync(Resources.Of(step.Object), step.Object, cancellationToken),
        { Kind: StepKind.Adopt } => AdoptAsync(step.Object, cancellationToken),
        { Kind: StepKind.SetReplicas } => client.ApplyAsync(ReplicasOnly(step), ForeignFields.ReplicasManager, cancellationToken),
        { Object: V1Deployment deployment } => client.ApplyAsync(deployment, ForeignFields.FieldManager, cancellationToken),
        { Object: V1Service service } => client.ApplyAsync(service, ForeignFields.FieldManager, cancellationToken),
        { Object: V2HorizontalPodAutoscaler autoscaler } => client.ApplyAsync(autoscaler, ForeignFields.FieldManager, cancellationToken),
        { Object: V1Ingress ingress } => client.ApplyAsync(ingress, ForeignFields.FieldManager, cancellationToken),
        _ => throw new NotSupportedException(step.ToString()),
    };

    private Task AdoptAsync(IKubernetesObject<V1ObjectMeta> live, CancellationToken cancellationToken)
    {
        // The resource version is a condition: whoever changed the object in between is not overwritten.
        var patch = new JsonArray(
            Operation("replace", "/metadata/managedFields", ForeignFields.Adopt(live)),
            Operation("replace", "/metadata/resourceVersion", live.Metadata.ResourceVersion));
        // Without its hash the object is applied again, even if this process ends before it gets there.
        if (live.Metadata.Annotations is not null)
            patch.Add(Operation("add", $"/metadata/annotations/{Annotations.RenderedHash.Replace("/", "~1", StringComparison.Ordinal)}", ""));
        return client.JsonPatchAsync(
            Resources.Of(live), live.Metadata.Name, patch.ToJsonString(), ForeignFields.FieldManager, cancellationToken);

        static JsonNode Operation(string op, string path, JsonNode? value) => new JsonObject { ["op"] = op, ["path"] = path, ["value"] = value };
    }

    private static V1Deployment ReplicasOnly(Step step) => new()
    {
        ApiVersion = "apps/v1",
        Kind = "Deployment",
        Metadata = new V1ObjectMeta { Name = step.Object.Metadata.Name, NamespaceProperty = step.Object.Metadata.NamespaceProperty },
        Spec = new V1DeploymentSpec { Replicas = step.Replicas, Selector = null, Template = null },
    };
}
