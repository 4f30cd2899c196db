using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Kublambda.Contracts.Messages;
using YamlDotNet.RepresentationModel;

namespace Kublambda.Contracts.Tests;

/// <summary>The messages in C# and those in <c>contracts/asyncapi.yaml</c> have to be the same.</summary>
public sealed class AsyncApiTests
{
    private static readonly YamlMappingNode Document = Load();

    public static TheoryData<Type> Messages =>
        [.. typeof(LambdaChanged).Assembly.GetExportedTypes().Where(t => t.Namespace == typeof(LambdaChanged).Namespace)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_has_the_same_members_in_CSharp_and_in_the_document(Type message)
    {
        var schema = Schema(message.Name);
        Assert.Equal(
            message.GetProperties().Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name)).Order(StringComparer.Ordinal),
            CrdSchema.Properties(schema).Children.Keys.Select(k => ((YamlScalarNode)k).Value!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_member_is_required_in_the_document_where_CSharp_requires_it(Type message) => Assert.Equal(
        message.GetProperties().Where(p => p.GetCustomAttribute<RequiredMemberAttribute>() is not null)
            .Select(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name)).Order(StringComparer.Ordinal),
        CrdSchema.List(Schema(message.Name), "required").Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_has_a_channel_with_the_name_of_its_exchange(Type message) => Assert.Contains(
        CrdSchema.Map(Document, "channels").Children.Values,
        channel => CrdSchema.Text((YamlMappingNode)channel, "address") == $"{message.Namespace}:{message.Name}");

    private static YamlMappingNode Schema(string name) => CrdSchema.Map(CrdSchema.Map(CrdSchema.Map(Document, "components"), "schemas"), name);

    private static YamlMappingNode Load()
    {
        using var reader = File.OpenText(Path.Combine(AppContext.BaseDirectory, "asyncapi.yaml"));
        var yaml = new YamlStream();
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }
}
