using k8s;
using Kublambda.Contracts.Resources;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>Lambdas as the API server has them.</summary>
internal sealed class CustomObject(IKubernetes api, string ns)
{
    public Task<Lambda> ReadAsync(string name) =>
        api.CustomObjects.GetNamespacedCustomObjectAsync<Lambda>(Lambda.Group, Lambda.Version, ns, Lambda.Plural, name);

    public async Task<IReadOnlyList<Lambda>> ListAsync() =>
        (await api.CustomObjects.ListNamespacedCustomObjectAsync<LambdaItems>(Lambda.Group, Lambda.Version, ns, Lambda.Plural)).Items;

    public static async Task<IReadOnlyList<Lambda>> ListAllAsync(IKubernetes api) =>
        (await api.CustomObjects.ListClusterCustomObjectAsync<LambdaItems>(Lambda.Group, Lambda.Version, Lambda.Plural)).Items;

    internal sealed record LambdaItems
    {
        public IReadOnlyList<Lambda> Items { get; init; } = [];
    }
}
