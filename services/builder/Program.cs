using Kublambda.Builder;
using Kublambda.Builder.Appending;
using Kublambda.Builder.Buildpacks;
using Kublambda.Builder.Consumers;
using Kublambda.Builder.Fetching;
using Kublambda.Builder.Logs;
using Kublambda.Hosting;
using Kublambda.Registry;

if (args is [FetchCommand.Verb, .. var rest])
    return await FetchProgram.RunAsync(rest);
if (args is [StoreCommand.Verb, .. var store])
    return await FetchProgram.StoreAsync(store);
if (args is [AppendCommand.Verb, .. var append])
    return await FetchProgram.AppendAsync(append);
if (args is [PlatformCommand.Verb, .. var platform])
    return await PlatformCommand.RunAsync(platform, Environment.GetEnvironmentVariable, Console.Error);

var builder = WebApplication.CreateBuilder(args);
builder.AddKublambdaDefaults("builder", bus =>
{
    bus.AddConsumer<LambdaChangedConsumer>();
    bus.AddConsumer<LambdaDeletedConsumer>();
});
builder.Services.AddRegistry(builder.Configuration);
builder.Services.AddBuilds(builder.Configuration);
var app = builder.Build();
app.MapKublambdaDefaults();
app.MapBuildLogs();
await app.RunAsync();
return 0;
