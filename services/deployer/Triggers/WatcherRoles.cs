using k8s;
using k8s.Models;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer.Triggers;

/// <summary>
/// The rights of a watcher: in each namespace a Role for exactly the kinds that its triggers name there, and a ClusterRole
/// only for what is watched in all of them or has none.
/// </summary>
internal static class WatcherRoles
{
    private const string Api = "rbac.authorization.k8s.io/v1";
    private const string ApiGroup = "rbac.authorization.k8s.io";
    private static readonly string[] Watching = ["get", "list", "watch"];

    public static IReadOnlyList<V1Role> Roles(LambdaRef lambda, IReadOnlyList<WatchTarget> targets) =>
    [
        .. targets.Select(t => t.Namespace).OfType<string>().Append(lambda.Namespace).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(ns => new V1Role
            {
                ApiVersion = Api,
                Kind = "Role",
                Metadata = WatcherMetadata.For(lambda, ns),
                Rules = [.. ns == lambda.Namespace ? Own(lambda) : [], .. Rules(targets, ns)],
            }),
    ];

    public static V1RoleBinding Binding(LambdaRef lambda, V1Role role) => new()
    {
        ApiVersion = Api,
        Kind = "RoleBinding",
        Metadata = WatcherMetadata.For(lambda, role.Metadata.NamespaceProperty),
        RoleRef = new V1RoleRef { ApiGroup = ApiGroup, Kind = "Role", Name = role.Metadata.Name },
        Subjects = [Account(lambda)],
    };

    /// <returns>Null where nothing is watched in all namespaces.</returns>
    public static V1ClusterRole? ClusterRole(LambdaRef lambda, IReadOnlyList<WatchTarget> targets) =>
        Rules(targets, null) is { Count: > 0 } rules
            ? new V1ClusterRole { ApiVersion = Api, Kind = "ClusterRole", Metadata = WatcherMetadata.For(lambda, null), Rules = [.. rules] }
            : null;

    public static V1ClusterRoleBinding ClusterBinding(LambdaRef lambda, V1ClusterRole role) => new()
    {
        ApiVersion = Api,
        Kind = "ClusterRoleBinding",
        Metadata = WatcherMetadata.For(lambda, null),
        RoleRef = new V1RoleRef { ApiGroup = ApiGroup, Kind = "ClusterRole", Name = role.Metadata.Name },
        Subjects = [Account(lambda)],
    };

    /// <summary>What these roles let a watcher watch: namespace (null: all), group and resource.</summary>
    public static IEnumerable<(string? Namespace, string Group, string Plural)> Watched(IEnumerable<IKubernetesObject<V1ObjectMeta>> roles) =>
        from role in roles
        from rule in role switch { V1Role own => own.Rules, V1ClusterRole cluster => cluster.Rules, _ => null } ?? []
        where rule.ResourceNames is not { Count: > 0 }
        from ruleGroup in rule.ApiGroups ?? []
        from plural in rule.Resources ?? []
        select ((string?)role.Metadata.NamespaceProperty, ruleGroup, plural);

    /// <summary>The Lambda itself, which says what to watch, and the ConfigMap for what is said back.</summary>
    private static V1PolicyRule[] Own(LambdaRef lambda) =>
    [
        new V1PolicyRule { ApiGroups = [Lambda.Group], Resources = [Lambda.Plural], ResourceNames = [lambda.Name], Verbs = Watching },
        new V1PolicyRule { ApiGroups = [""], Resources = ["configmaps"], ResourceNames = [Names.Watcher(lambda)], Verbs = ["get", "patch"] },
    ];

    private static List<V1PolicyRule> Rules(IReadOnlyList<WatchTarget> targets, string? ns) =>
    [
        .. targets.Where(t => t.Namespace == ns).GroupBy(t => t.Resource.Group, StringComparer.Ordinal).Select(group => new V1PolicyRule
        {
            ApiGroups = [group.Key],
            Resources = [.. group.Select(t => t.Resource.Plural).Distinct(StringComparer.Ordinal)],
            Verbs = Watching,
        }),
    ];

    private static Rbacv1Subject Account(LambdaRef lambda) =>
        new() { Kind = "ServiceAccount", Name = Names.Watcher(lambda), NamespaceProperty = lambda.Namespace };
}
