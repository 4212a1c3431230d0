using Cozy.Fleet.Agent.Hosting;

return await AgentProgram.RunAsync(args);
