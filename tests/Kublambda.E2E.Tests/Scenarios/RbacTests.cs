using k8s;
using Kublambda.E2E.Tests.Cluster;

namespace Kublambda.E2E.Tests.Scenarios;

/// <summary>Each service may do what it needs and nothing else: asked of the API server, as <c>kubectl auth can-i</c> does.</summary>
public sealed class RbacTests(TestCluster cluster)
{
    private const string Anywhere = "e2e-any-namespace";

    [Theory]
    [InlineData("controller", "list", "kublambda.dev", "lambdas", Anywhere)]
    [InlineData("controller", "update", "kublambda.dev", "lambdas/status", Anywhere)]
    [InlineData("builder", "get", "kublambda.dev", "lambdas", Anywhere)]
    [InlineData("builder", "create", "", "pods", BuildPods.Namespace)]
    [InlineData("builder", "get", "", "configmaps", Anywhere)]
    [InlineData("builder", "get", "", "secrets", Anywhere)] // credentials of git sources, named by Lambdas
    [InlineData("deployer", "get", "kublambda.dev", "lambdas", Anywhere)]
    [InlineData("deployer", "patch", "apps", "deployments", Anywhere)]
    [InlineData("deployer", "patch", "", "services", Anywhere)]
    [InlineData("deployer", "create", "", "secrets", Anywhere)]
    [InlineData("deployer", "create", "rbac.authorization.k8s.io", "roles", Anywhere)]
    [InlineData("gc", "delete", "rbac.authorization.k8s.io", "roles", Anywhere)]
    [InlineData("gc", "list", "kublambda.dev", "lambdas", Anywhere)]
    [InlineData("gc", "delete", "", "pods", BuildPods.Namespace)]
    public async Task A_service_may_do_what_it_is_for(string service, string verb, string group, string resource, string ns) =>
        Assert.True(await MayAsync(service, verb, group, resource, ns), $"{service} may not {verb} {resource} in {ns}");

    [Theory]
    [InlineData("create", "", "pods", Anywhere)]
    [InlineData("create", "", "pods", Installation.Namespace)]
    [InlineData("create", "", "pods/exec", Anywhere)]
    [InlineData("create", "", "pods/exec", Installation.Namespace)]
    // The builder reads the credentials of git sources. The deployer holds what resource triggers may be given the right to watch (kublambda-watchable), by default all.
    [InlineData("get", "", "secrets", Anywhere, "deployer,builder")]
    [InlineData("list", "", "secrets", Anywhere, "deployer")]
    [InlineData("get", "", "secrets", Installation.Namespace, "deployer,builder")]
    [InlineData("get", "", "secrets", "kube-system", "deployer,builder")]
    [InlineData("patch", "", "secrets", Anywhere)]
    [InlineData("create", "", "serviceaccounts/token", Anywhere)]
    [InlineData("impersonate", "", "users", "")]
    // The API server lets it give no right that it does not hold itself.
    [InlineData("create", "rbac.authorization.k8s.io", "clusterrolebindings", "", "deployer")]
    [InlineData("create", "rbac.authorization.k8s.io", "rolebindings", Anywhere, "deployer")]
    [InlineData("escalate", "rbac.authorization.k8s.io", "clusterroles", "")]
    [InlineData("escalate", "rbac.authorization.k8s.io", "roles", Anywhere)]
    [InlineData("bind", "rbac.authorization.k8s.io", "clusterroles", "")]
    [InlineData("delete", "", "namespaces", "")]
    [InlineData("patch", "", "nodes", "")]
    [InlineData("create", "kublambda.dev", "lambdas", Anywhere)]
    [InlineData("delete", "kublambda.dev", "lambdas", Anywhere)]
    [InlineData("patch", "apiextensions.k8s.io", "customresourcedefinitions", "")]
    [InlineData("create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "")]
    [InlineData("delete", "apps", "deployments", Installation.Namespace, "deployer")]
    public async Task No_service_may_do_what_none_is_for(string verb, string group, string resource, string ns, string except = "")
    {
        foreach (var service in Installation.Services.Except(except.Split(',')))
            Assert.False(await MayAsync(service, verb, group, resource, ns), $"{service} may {verb} {resource} in {ns}");
    }

    [Theory]
    [InlineData("controller", "create", "apps", "deployments", Anywhere)]
    [InlineData("controller", "get", "", "configmaps", Anywhere)]
    [InlineData("controller", "delete", "", "pods", BuildPods.Namespace)]
    [InlineData("builder", "create", "apps", "deployments", Anywhere)]
    [InlineData("builder", "update", "kublambda.dev", "lambdas/status", Anywhere)]
    [InlineData("builder", "patch", "", "configmaps", Anywhere)]
    [InlineData("deployer", "create", "", "pods", BuildPods.Namespace)]
    [InlineData("deployer", "update", "kublambda.dev", "lambdas/status", Anywhere)]
    [InlineData("gc", "patch", "apps", "deployments", Anywhere)]
    [InlineData("gc", "create", "", "pods", BuildPods.Namespace)]
    [InlineData("gc", "patch", "kublambda.dev", "lambdas", Anywhere)]
    [InlineData("gc", "update", "kublambda.dev", "lambdas/status", Anywhere)]
    public async Task A_service_may_not_do_what_another_is_for(string service, string verb, string group, string resource, string ns) =>
        Assert.False(await MayAsync(service, verb, group, resource, ns), $"{service} may {verb} {resource} in {ns}");

    [Fact]
    public async Task A_build_pod_gets_no_token_and_its_ServiceAccount_may_do_nothing()
    {
        var accounts = await cluster.Api.CoreV1.ListNamespacedServiceAccountAsync(BuildPods.Namespace, cancellationToken: TestContext.Current.CancellationToken);
        foreach (var account in accounts.Items.Select(a => a.Metadata.Name))
        {
            foreach (var (verb, resource) in new[] { ("get", "secrets"), ("create", "pods"), ("get", "configmaps"), ("list", "pods") })
                Assert.False(await MayAsync(account, verb, "", resource, BuildPods.Namespace, BuildPods.Namespace), $"{account} may {verb} {resource}");
        }
    }

    private async Task<bool> MayAsync(string account, string verb, string group, string resource, string ns, string home = Installation.Namespace)
    {
        var parts = resource.Split('/');
        var review = await cluster.Api.AuthorizationV1.CreateSubjectAccessReviewAsync(
            new()
            {
                Spec = new()
                {
                    User = $"system:serviceaccount:{home}:{account}",
                    Groups = ["system:serviceaccounts", $"system:serviceaccounts:{home}", "system:authenticated"],
                    ResourceAttributes = new()
                    {
                        Verb = verb,
                        Group = group,
                        Resource = parts[0],
                        Subresource = parts.Length > 1 ? parts[1] : null,
                        NamespaceProperty = ns.Length > 0 ? ns : null,
                        Name = "",
                    },
                },
            },
            cancellationToken: TestContext.Current.CancellationToken);
        return review.Status.Allowed;
    }
}
