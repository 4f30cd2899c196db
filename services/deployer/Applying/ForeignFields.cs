using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace Kublambda.Deployer.Applying;

/// <summary>
/// Fields that somebody added to an object of ours by hand (<c>kubectl edit</c>: a container, a variable, a label), as
/// <c>metadata.managedFields</c> tells. Server-side apply leaves alone what it never applied, so such fields are first
/// made ours; the next apply, which does not have them, then takes them away. The format is that of
/// https://kubernetes.io/docs/reference/using-api/server-side-apply/ (fieldsV1: a set of paths as nested objects).
/// </summary>
internal static class ForeignFields
{
    public const string FieldManager = "kublambda-deployer";

    /// <summary>Hands the number of replicas over to the autoscaler: see <see cref="StepKind.SetReplicas"/>.</summary>
    public const string ReplicasManager = "kublambda-replicas";

    /// <summary>Parts of Kubernetes that write into objects of others as their task.</summary>
    private static readonly HashSet<string> Tolerated = new(StringComparer.Ordinal)
    {
        FieldManager, ReplicasManager, "kube-controller-manager", "cloud-controller-manager", "kube-apiserver",
    };

    /// <summary>What others may set: the autoscaler's replicas, and the mark of <c>kubectl rollout restart</c>.</summary>
    private static readonly string[][] ToleratedPaths =
    [
        ["f:spec", "f:replicas"],
        ["f:spec", "f:template", "f:metadata", "f:annotations", "f:kubectl.kubernetes.io/restartedAt"],
    ];

    /// <summary>Names of the managers that own fields of the spec, or labels, of the object.</summary>
    public static IReadOnlyList<string> Managers(IKubernetesObject<V1ObjectMeta> live) =>
        [.. Entries(live).Where(IsForeign).Select(e => (string)e["manager"]!).Distinct(StringComparer.Ordinal)];

    /// <summary>
    /// The managed fields with those of the foreign managers given to us.
    /// </summary>
    public static JsonArray Adopt(IKubernetesObject<V1ObjectMeta> live)
    {
        var entries = Entries(live);
        var ours = entries.FirstOrDefault(IsOurs);
        if (ours is null)
        {
            ours = new JsonObject
            {
                ["manager"] = FieldManager,
                ["operation"] = "Apply",
                ["apiVersion"] = live.ApiVersion,
                ["fieldsType"] = "FieldsV1",
                ["fieldsV1"] = new JsonObject(),
            };
            entries.Add(ours);
        }

        foreach (var foreign in entries.Where(e => e != ours && IsForeign(e)))
        {
            var fields = (JsonObject)foreign["fieldsV1"]!;
            var adopted = Wanted((JsonObject)fields.DeepClone());
            Union((JsonObject)ours["fieldsV1"]!, adopted);
            Subtract(fields, adopted);
        }

        return new JsonArray([.. entries.Where(e => e["fieldsV1"] is JsonObject { Count: > 0 }).Select(e => e.DeepClone())]);
    }

    /// <summary>Whether the number of replicas is among the fields that we applied.</summary>
    public static bool AppliesReplicas(V1Deployment live) =>
        Entries(live).FirstOrDefault(IsOurs)?["fieldsV1"]?["f:spec"]?["f:replicas"] is not null;

    /// <summary>Whether somebody else wrote an annotation, for example one of ours.</summary>
    public static bool HaveAnnotation(IKubernetesObject<V1ObjectMeta> live, string name) => Entries(live).Exists(e =>
        !Tolerated.Contains((string?)e["manager"] ?? "") && e["fieldsV1"]?["f:metadata"]?["f:annotations"]?[$"f:{name}"] is not null);

    private static bool IsOurs(JsonObject entry) => (string?)entry["manager"] == FieldManager && (string?)entry["operation"] == "Apply";

    private static List<JsonObject> Entries(IKubernetesObject<V1ObjectMeta> live) =>
    [
        .. (live.Metadata.ManagedFields ?? []).Select(e => JsonNode.Parse(KubernetesJson.Serialize(e))).OfType<JsonObject>(),
    ];

    private static bool IsForeign(JsonObject entry) =>
        entry["manager"] is JsonValue manager && !Tolerated.Contains((string)manager!)
        && string.IsNullOrEmpty((string?)entry["subresource"])
        && entry["fieldsV1"] is JsonObject fields && Wanted((JsonObject)fields.DeepClone()).Count > 0;

    /// <summary>Of a set of fields, those that nobody else may own: the spec and the labels.</summary>
    private static JsonObject Wanted(JsonObject fields)
    {
        foreach (var path in ToleratedPaths)
            Remove(fields, path);
        foreach (var name in fields.Select(f => f.Key).Where(k => k is not "f:spec" and not "f:metadata").ToList())
            fields.Remove(name);
        if (fields["f:metadata"] is JsonObject metadata)
        {
            foreach (var name in metadata.Select(f => f.Key).Where(k => k != "f:labels").ToList())
                metadata.Remove(name);
            if (metadata.Count == 0)
                fields.Remove("f:metadata");
        }

        return fields;
    }

    /// <summary>Removes a path, and every set above it that it leaves empty.</summary>
    private static void Remove(JsonObject fields, ReadOnlySpan<string> path)
    {
        if (path.Length > 1 && fields[path[0]] is JsonObject child)
        {
            Remove(child, path[1..]);
            if (child.Count == 0 || (child.Count == 1 && child.ContainsKey(".")))
                fields.Remove(path[0]);
        }
        else if (path.Length == 1)
        {
            fields.Remove(path[0]);
        }
    }

    private static void Union(JsonObject into, JsonObject fields)
    {
        foreach (var (name, value) in fields)
        {
            if (into[name] is JsonObject known && value is JsonObject more)
                Union(known, more);
            else if (!into.ContainsKey(name))
                into[name] = value?.DeepClone();
        }
    }

    private static void Subtract(JsonObject from, JsonObject fields)
    {
        foreach (var (name, value) in fields.ToList())
        {
            if (from[name] is not JsonObject known)
                continue;
            if (value is JsonObject { Count: > 0 } less)
                Subtract(known, less);
            if (known.Count == 0)
                from.Remove(name);
        }
    }
}
